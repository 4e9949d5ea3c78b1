import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ManualClock } from "@kvring/core";
import { expect, test } from "vitest";
import { createStore } from "./create-store.ts";
import { policyNames } from "./store.ts";

/** Collects garbage, so that what is counted is what is kept. */
function keptBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Just above a power of two, where half of every array is empty. */
const entries = 2 ** 14 + 100;

test.each(policyNames)("what V8 keeps for a %s store is less than what is charged", (policy) => {
  const value = new Uint8Array(200);
  const store = createStore({ policy, capacityBytes: 2 ** 30, clock: new ManualClock() });
  store.put(new Uint8Array(32), value, { ttlMs: 1_000, costMs: 1 });
  const before = keptBytes();
  for (let name = 1; name < entries; name++) {
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(0, name);
    store.put(key, value, { ttlMs: 1_000 * (1 + (name % 1_000)), costMs: 1 });
  }
  const kept = keptBytes() - before;
  expect(store.size).toBe(entries);
  expect(kept).toBeLessThan(store.usedBytes);
  // And the charge is not a guess far above it: most capacity must go to values.
  expect(store.usedBytes - kept).toBeLessThan(entries * 300);
});
