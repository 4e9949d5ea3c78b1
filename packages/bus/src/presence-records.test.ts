import { expect, test } from "vitest";
import { bytes, digest, eventually } from "./contract/support.ts";
import { createInProcessBus } from "./in-process/bus.ts";
import { announceRecord, type NodeRecord, watchRecords } from "./presence-records.ts";

test("typed records are announced, changed and seen; others are left out", async () => {
  const { presence } = createInProcessBus();
  const node: NodeRecord = {
    id: "node-1",
    incarnation: "life-1",
    address: "127.0.0.1:8101",
    zone: "z1",
    state: "joining",
  };
  let nodes: ReadonlyMap<string, NodeRecord> = new Map();
  await watchRecords(presence, "node", (members) => {
    nodes = members;
  });
  await presence.announce("node", "broken", bytes("{"));
  // A record that names somebody else.
  await presence.announce("node", "impostor", bytes(JSON.stringify(node)));
  const announcement = await announceRecord(presence, "node", node);
  await eventually(() => expect([...nodes]).toEqual([["node-1", node]]));
  await announcement.update({ ...node, state: "active" });
  await eventually(() => expect(nodes.get("node-1")?.state).toBe("active"));
  await announcement.stop();
  await eventually(() => expect(nodes.size).toBe(0));
});

test("workers say what they compute and what they cannot", async () => {
  const { presence } = createInProcessBus();
  const worker = {
    id: "worker-1",
    digests: [digest("aa")],
    rejected: [{ name: "bert", version: "1", reason: "sequences are not supported" }],
  };
  const seen: unknown[] = [];
  await watchRecords(presence, "worker", (members) => seen.push(...members.values()));
  await announceRecord(presence, "worker", worker);
  await announceRecord(presence, "gateway", { id: "gw-1" });
  await eventually(() => expect(seen).toEqual([worker]));
});

test("a record that cannot be carried is refused by name", async () => {
  const { presence } = createInProcessBus();
  await expect(
    announceRecord(presence, "worker", { id: "worker-1", digests: ["short"], rejected: [] }),
  ).rejects.toMatchObject({
    reason: "BAD_CONFIG",
    message: expect.stringContaining("digests"),
  });
});
