import {
  type Bus,
  createInProcessBus,
  evictMember,
  joinRing,
  type RingRecord,
  watchRing,
} from "@kvring/bus";
import { silentLog, systemClock } from "@kvring/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
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
