import { type Bus, createInProcessBus, joinRing, type RingRecord, watchRing } from "@kvring/bus";
import { ManualClock, silentLog } from "@kvring/core";
import { beforeEach, expect, test } from "vitest";
import { FailureDetector } from "./failure-detector.ts";

let bus: Bus;
let clock: ManualClock;
let ring: RingRecord;
let isLogWritable: boolean;

beforeEach(async () => {
  clock = new ManualClock();
  bus = createInProcessBus();
  isLogWritable = true;
  for (const id of ["n1", "n2", "n3"]) {
    const address = `${id}:8101`;
    await joinRing(bus.registry, { id, address, zone: "z", incarnation: id, state: "active" });
  }
});

/** A gateway that hears those nodes at any time, and the others never. */
async function gateway(id: string, hears: readonly string[]): Promise<FailureDetector> {
  const detector = new FailureDetector({
    ...{ id, bus, clock, log: silentLog, evictAfterMs: 2_000 },
    heardMs: (node) => (hears.includes(node) ? clock.nowMs() : undefined),
    gateways: () => 2,
    isLogWritable: () => isLogWritable,
  });
  await watchRing(bus.registry, (now) => {
    ring = now;
    detector.follow(now);
  });
  await detector.start();
  return detector;
}

/** Lets time pass in small steps, and everybody hear of each. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    clock.advance(250);
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

const names = () => ring.members.map(({ id }) => id);

test("a node that both gateways do not hear leaves the ring, the other one stays", async () => {
  const first = await gateway("g1", ["n1", "n2"]);
  const second = await gateway("g2", ["n1", "n2"]);
  await pass(1_750);
  expect(names()).toEqual(["n1", "n2", "n3"]);
  await pass(1_000);
  expect(names()).toEqual(["n1", "n2"]);
  expect(ring.version).toBe(4);
  await pass(5_000);
  expect(ring.version).toBe(4);
  expect(first.evictions + second.evictions).toBe(1);
});

test("two at once leave one after the other", async () => {
  await gateway("g1", ["n2"]);
  await gateway("g2", ["n2"]);
  await pass(5_000);
  expect(names()).toEqual(["n2"]);
  expect(ring.version).toBe(5);
});

test("nobody leaves whom one gateway hears", async () => {
  await gateway("g1", ["n1", "n2"]);
  await gateway("g2", ["n1", "n3"]);
  await pass(5_000);
  expect(names()).toEqual(["n1", "n2", "n3"]);
});

test("nobody leaves while our records do not get into the log", async () => {
  isLogWritable = false;
  await gateway("g1", ["n1"]);
  await gateway("g2", ["n1"]);
  await pass(5_000);
  expect(names()).toEqual(["n1", "n2", "n3"]);
  isLogWritable = true;
  await pass(1_000);
  expect(names()).toEqual(["n1"]);
});
