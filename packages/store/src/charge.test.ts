import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ManualClock } from "@kvring/core";
import { expect, test } from "vitest";
import { metadataBytes } from "./charge.ts";
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

/** As many as the arrays have place for: then each of their elements is charged to an entry. */
const entries = 2 ** 15 - 1;

test.each(policyNames)("what a %s store keeps beside values is what is charged", (policy) => {
  const value = new Uint8Array(200);
  const capacityBytes = 2 ** 24;
  const store = createStore({ policy, capacityBytes, clock: new ManualClock() });
  const put = (name: number) => {
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(0, name);
    store.put(key, value, { ttlMs: 1_000 * (1 + (name % 1_000)), costMs: 1 });
  };
  put(0);
  const before = keptBytes();
  for (let name = 1; name < entries; name++) put(name);
  const kept = keptBytes() - before;
  expect(store.size).toBe(entries);
  const slabBytes = entries * 208;
  const perEntry = (kept - slabBytes) / entries;
  // The hash table takes 8 of the 16 bytes that it may take. A slab that is not full is 32 more.
  expect(perEntry).toBeLessThan(metadataBytes(policy) - 8 + 40);
  // Ghosts come with evictions, of which there were none.
  expect(perEntry).toBeGreaterThan(metadataBytes(policy) - 45);
});
