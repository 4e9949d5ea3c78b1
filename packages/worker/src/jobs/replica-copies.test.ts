import { KvringError, silentLog } from "@kvring/core";
import { beforeEach, expect, test } from "vitest";
import { NodeLinks } from "./node-links.ts";
import { ReplicaCopies } from "./replica-copies.ts";
import { ScriptedNode } from "./testing/scripted-node.ts";

const key = Buffer.alloc(32, 1);
const copy = (bytes: number) => ({ key, entry: Buffer.alloc(bytes), store: true });
const owner = { nodeId: "n1", address: "n1:8101" };

let node: ScriptedNode;
let copies: ReplicaCopies;

beforeEach(() => {
  node = new ScriptedNode("n1");
  const links = new NodeLinks(() => node);
  copies = new ReplicaCopies({ links, log: silentLog, capacityBytes: 100 });
});

test("copies carry no token", async () => {
  copies.send(owner, copy(10));
  await copies.idle();
  expect(node.puts).toEqual([{ ...copy(10), token: undefined }]);
});

test("what does not fit beside those under way is not sent", async () => {
  for (const bytes of [60, 50, 40]) copies.send(owner, copy(bytes));
  await copies.idle();
  expect(node.puts.map(({ entry }) => entry.length)).toEqual([60, 40]);
  copies.send(owner, copy(100));
  await copies.idle();
  expect(node.puts).toHaveLength(3);
});

test("one copy may always be under way, however large", async () => {
  copies.send(owner, copy(1_000));
  await copies.idle();
  expect(node.puts).toHaveLength(1);
});

test("a copy that fails makes room, and nobody hears of it", async () => {
  node.broken = new KvringError("LINK_LOST", "gone");
  copies.send(owner, copy(100));
  await copies.idle();
  node.broken = undefined;
  copies.send(owner, copy(100));
  await copies.idle();
  expect(node.puts).toHaveLength(2);
});
