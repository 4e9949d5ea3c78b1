import {
  type Bus,
  createInProcessBus,
  evictMember,
  joinRing,
  type RingRecord,
  watchRing,
} from "@kvring/bus";
import { silentLog, systemClock } from "@kvring/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Membership } from "./membership.ts";

const member = { id: "n1", address: "127.0.0.1:1", zone: "z", incarnation: "life-1" };
const warmMs = 1_000;

let bus: Bus;
let ring: RingRecord;
let membership: Membership;
let warnings: string[];

beforeEach(async () => {
  bus = createInProcessBus();
  await watchRing(bus.registry, (now) => {
    ring = now;
  });
  warnings = [];
  const log = { ...silentLog, warn: (_: object, text: string) => void warnings.push(text) };
  membership = new Membership({ bus, log, clock: systemClock, member, warmMs, onRing() {} });
  membership.start();
  await isIn(["n1"]);
});

afterEach(() => membership.stop());

function isIn(ids: readonly string[]): Promise<void> {
  return vi.waitFor(() => expect(ring.members.map(({ id }) => id)).toEqual(ids), 4_000);
}

test("a node that was taken for dead joins again", async () => {
  await evictMember(bus.registry, member, ring.version);
  await isIn([]);
  await isIn(["n1"]);
  await vi.waitFor(() => expect(membership.isJoined).toBe(true));
});

test("a node joins again when the ring is gone", async () => {
  const stored = await bus.registry.get("ring");
  await bus.registry.delete("ring", stored?.revision ?? 0);
  await isIn([]);
  await isIn(["n1"]);
});

test("a node whose place another life has taken waits, and does not push it out", async () => {
  const changes = { incarnation: "life-2", address: "127.0.0.1:2", state: "active" as const };
  const other = { ...member, ...changes };
  await joinRing(bus.registry, other, { replaces: "life-1" });
  await vi.waitFor(() => {
    const refused = warnings.filter((text) => text.includes('another live node is called "n1"'));
    expect(refused.length).toBeGreaterThan(1);
  }, 4_000);
  expect(membership.isJoined).toBe(false);
  expect(ring.members).toEqual([other]);
});

test("who has left stays out", async () => {
  await membership.leave();
  await isIn([]);
  expect(membership.isJoined).toBe(false);
});

describe("another node of the same id", () => {
  let second: Membership;

  afterEach(() => second.stop());

  function begin(): void {
    const other = { ...member, incarnation: "life-2", address: "127.0.0.1:2" };
    const parts = { bus, log: silentLog, clock: systemClock, warmMs, onRing() {} };
    second = new Membership({ ...parts, member: other });
    second.start();
  }

  test("is refused for good while the first one lives, which goes on", async () => {
    const { version } = ring;
    begin();
    await vi.waitFor(() => expect(second.refusal?.reason).toBe("DUPLICATE_NODE"), 4_000);
    expect(second.refusal?.message).toBe(
      'another live node is called "n1", at 127.0.0.1:1: give this one another --id',
    );
    await second.leave();
    expect(second.isJoined).toBe(false);
    expect(membership.isJoined).toBe(true);
    expect(ring).toMatchObject({ version, members: [member] });
  });

  test("waits for one that drains, and takes its place", async () => {
    await membership.drain();
    begin();
    await new Promise((resolve) => setTimeout(resolve, 0));
    await membership.leave();
    await membership.stop();
    await vi.waitFor(() => expect(ring.members[0]?.incarnation).toBe("life-2"), 4_000);
    expect(second.refusal).toBeUndefined();
  });

  test("takes the place of one that died without a word", async () => {
    await membership.stop();
    begin();
    await vi.waitFor(() => expect(ring.members[0]?.incarnation).toBe("life-2"), 4_000);
    expect(second.refusal).toBeUndefined();
  });
});

test("of two that start together under one id one is in, and the other refused", async () => {
  const parts = { bus, log: silentLog, clock: systemClock, warmMs, onRing() {} };
  const twins = ["a", "b"].map(
    (incarnation) => new Membership({ ...parts, member: { ...member, id: "n2", incarnation } }),
  );
  for (const twin of twins) twin.start();
  await vi.waitFor(() => {
    expect(twins.map(({ refusal }) => refusal?.reason).sort()).toEqual([
      "DUPLICATE_NODE",
      undefined,
    ]);
  }, 4_000);
  expect(twins.filter(({ isJoined }) => isJoined)).toHaveLength(1);
  for (const twin of twins) await twin.stop();
});
