import { beforeEach, expect, test } from "vitest";
import { bytes, eventually } from "./contract/support.ts";
import { createInProcessBus } from "./in-process/bus.ts";
import {
  evictMember,
  joinRing,
  leaveRing,
  type RingMember,
  type RingRecord,
  watchRing,
} from "./membership.ts";
import type { Registry } from "./ports.ts";

let registry: Registry;

beforeEach(() => {
  registry = createInProcessBus().registry;
});

function member(id: string, changes: Partial<RingMember> = {}): RingMember {
  const address = `127.0.0.1:${8100 + id.length}`;
  return { id, address, zone: "z1", incarnation: `${id}-life-1`, state: "active", ...changes };
}

test("nodes join in the order of their ids, each with a version", async () => {
  const [a, b] = [member("node-a"), member("node-b")];
  expect(await joinRing(registry, b)).toEqual({
    outcome: "joined",
    ring: { version: 1, members: [b] },
  });
  const ring = { version: 2, members: [a, b] };
  expect(await joinRing(registry, a)).toEqual({ outcome: "joined", ring });
  expect(await joinRing(registry, a)).toEqual({ outcome: "joined", ring });
});

test("this very incarnation may change its state and address", async () => {
  await joinRing(registry, member("node-a", { state: "joining" }));
  const moved = member("node-a", { address: "10.0.0.1:8101", state: "draining" });
  expect(await joinRing(registry, moved)).toEqual({
    outcome: "joined",
    ring: { version: 2, members: [moved] },
  });
});

test("another incarnation of an id gives way only when it is named", async () => {
  const first = member("node-a");
  const second = member("node-a", { incarnation: "life-2" });
  const third = member("node-a", { incarnation: "life-3" });
  await joinRing(registry, first);
  expect(await joinRing(registry, second)).toMatchObject({ outcome: "duplicate", current: first });
  const replaced = await joinRing(registry, second, { replaces: first.incarnation });
  expect(replaced).toEqual({ outcome: "joined", ring: { version: 2, members: [second] } });
  // Who found the first one dead does not push out the second.
  const late = await joinRing(registry, third, { replaces: first.incarnation });
  expect(late).toMatchObject({ outcome: "duplicate", current: second });
});

test("an incarnation leaves, its successor stays", async () => {
  const [first, second] = [member("node-a"), member("node-a", { incarnation: "life-2" })];
  await joinRing(registry, first);
  await joinRing(registry, second, { replaces: first.incarnation });
  expect(await leaveRing(registry, "node-a", first.incarnation)).toMatchObject({
    outcome: "absent",
    ring: { members: [second] },
  });
  expect(await leaveRing(registry, "node-a", "life-2")).toEqual({
    outcome: "left",
    ring: { version: 3, members: [] },
  });
  expect(await leaveRing(registry, "node-a", "life-2")).toMatchObject({ outcome: "absent" });
});

test("many nodes that start at once all get in, in as many versions", async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `node-${10 + index}`);
  await Promise.all(ids.map((id) => joinRing(registry, member(id))));
  let ring: RingRecord | undefined;
  await watchRing(registry, (current) => {
    ring = current;
  });
  expect(ring?.version).toBe(40);
  expect(ring?.members.map(({ id }) => id)).toEqual(ids);
});

test("a watcher gets the ring at first and with every change, and nothing of other keys", async () => {
  const seen: RingRecord[] = [];
  const watch = await watchRing(registry, (ring) => seen.push(ring));
  expect(seen).toEqual([{ version: 0, members: [] }]);
  await registry.put("ring-of-others", bytes("{}"), 0);
  await joinRing(registry, member("node-a"));
  await eventually(() => expect(seen).toHaveLength(2));
  expect(seen[1]).toEqual({ version: 1, members: [member("node-a")] });
  await watch.stop();
  await joinRing(registry, member("node-b"));
  expect(seen).toHaveLength(2);
});

test("a descriptor that cannot be read is an empty ring, and nodes join it anew", async () => {
  await registry.put("ring", bytes("not json"), 0);
  expect(await joinRing(registry, member("node-a"))).toMatchObject({
    outcome: "joined",
    ring: { version: 1 },
  });
});

test.each([
  ["id", { id: "a.b" }],
  ["address", { address: "" }],
  ["zone", { zone: "z".repeat(65) }],
])("a member with a bad %s is refused by name", async (field, changes) => {
  await expect(joinRing(registry, member("node-a", changes))).rejects.toMatchObject({
    reason: "BAD_CONFIG",
    message: expect.stringContaining(field),
  });
});

test("a member is evicted from the ring that was judged, and from no other", async () => {
  const [a, b] = [member("node-a"), member("node-b")];
  await joinRing(registry, a);
  const judged = await joinRing(registry, b);
  const version = judged.ring.version;
  const evicted = await evictMember(registry, b, version);
  expect(evicted).toEqual({ outcome: "evicted", ring: { version: 3, members: [a] } });
  // A second judgement of the same ring, about the other one, comes too late.
  expect(await evictMember(registry, a, version)).toMatchObject({ outcome: "changed" });
  const another = { ...a, incarnation: "life-2" };
  expect(await evictMember(registry, another, 3)).toMatchObject({ outcome: "changed" });
});
