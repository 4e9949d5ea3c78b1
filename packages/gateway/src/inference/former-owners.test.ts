import { KvringError } from "@kvring/core";
import { beforeEach, expect, test } from "vitest";
import { type Asked, PathUnderTest, storedEntry } from "./testing/path.ts";
import { ScriptedLink } from "./testing/scripted-link.ts";

const token = new Uint8Array(16).fill(5);
const here = { waited: false, stored: true };

let under: PathUnderTest;
let former: ScriptedLink;
let asked: Asked;

beforeEach(async () => {
  under = await PathUnderTest.start();
  former = new ScriptedLink("n9");
  under.formerOwners = [former];
  asked = under.ask();
  under.primary.asked.onGranted(token);
});

test("what moved is read where it was, without the right to compute it there", () => {
  expect(former.asked.request).toMatchObject({ joinOnly: true });
  expect(former.asked.request.waitMs).toBeGreaterThan(0);
  expect(asked.responses).toBe(0);
});

test("what is found there fills the new primary, and is a hit", () => {
  const entry = storedEntry();
  former.asked.onFound(entry, here);
  expect(under.primary.puts).toMatchObject([{ token, store: true }]);
  expect(Buffer.from(under.primary.puts[0]?.entry ?? [])).toEqual(Buffer.from(entry));
  under.primary.asked.onFound(entry, here);
  expect(asked.status).toBe("kvring; hit; ttl=60; detail=node");
  expect(under.metrics.totals()).toMatchObject({ requests: 1, hit_node: 1, miss: 0 });
});

test("what nobody has is computed under the token", async () => {
  former.asked.onMissing();
  expect(await under.nextJob()).toMatchObject({ token: Buffer.from(token) });
  under.primary.asked.onFound(storedEntry(), here);
  expect(asked.status).toBe("kvring; fwd=miss; stored");
});

test.each<[string, () => void]>([
  ["cannot be asked", () => former.asked.onRefused(new KvringError("LINK_LOST", "gone"))],
  ["leaves its own computation to us", () => former.asked.onGranted(new Uint8Array(16))],
])("a former owner that %s changes nothing", async (_, happens) => {
  happens();
  await under.nextJob();
  if (_.startsWith("leaves")) expect(former.asked.cancelled).toBe(true);
});

test("who gave us the token is not asked to let us wait for ourselves", async () => {
  under.formerOwners = [under.primary];
  under.ask();
  under.primary.asked.onGranted(token);
  expect(await under.nextJob()).toMatchObject({ token: Buffer.from(token) });
  expect(under.primary.asked.request).not.toMatchObject({ joinOnly: true });
});

test("a token that comes again is for computing", async () => {
  former.asked.onMissing();
  await under.nextJob();
  under.primary.asked.onGranted(new Uint8Array(16).fill(6));
  await under.nextJob();
  expect(former.lookups).toHaveLength(1);
});

test("the former owners are left alone when the request ends", () => {
  asked.cancel();
  expect(former.asked.cancelled).toBe(true);
});

test("an owner that lacks what the next one has gets a copy", async () => {
  under.formerOwners = [];
  const cached = { name: "cache_control", kind: "string", value: "only-if-cached" } as const;
  const [primary, secondary] = under.links as [ScriptedLink, ScriptedLink];
  const again = under.ask([cached]);
  primary.asked.onMissing();
  secondary.asked.onFound(storedEntry(), here);
  expect(again.status).toMatch(/hit/);
  expect(primary.puts).toMatchObject([{ token: undefined, store: true }]);
  expect(secondary.puts).toEqual([]);
});
