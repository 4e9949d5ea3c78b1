import { ManualClock } from "@kvring/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { entryBytes } from "./charge.ts";
import { createStoreIn } from "./create-store.ts";
import { type PolicyName, policyChoices, policyNames } from "./store.ts";
import { PoisonedMemory } from "./testing/poisoned-memory.ts";
import { filled, forever, keyOf } from "./testing/small-store.ts";

const capacityBytes = 40_000;

function storeOf(policy: (typeof policyChoices)[number]) {
  const clock = new ManualClock();
  const options = { policy, capacityBytes, clock };
  return { clock, store: createStoreIn(new PoisonedMemory(policy), options) };
}

const step = fc.record({
  action: fc.constantFrom("put", "put", "put", "get", "get", "delete", "hold", "wait"),
  name: fc.nat(80),
  bytes: fc.nat(2_500),
  policy: fc.constantFrom(undefined, ...policyNames),
});

describe.each(policyChoices)("hints in a store of %s", (policy) => {
  test("leave every value what it was, and the books right", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 100, maxLength: 250 }), (steps) => {
        const { clock, store } = storeOf(policy);
        const written = new Map<number, number>();
        const holds: (() => void)[] = [];
        let writes = 0;
        for (const { action, name, bytes, policy: hint } of steps) {
          if (action === "put") {
            writes = (writes + 1) % 250;
            const put = { ttlMs: 50 + bytes, costMs: bytes, policy: hint };
            if (store.put(keyOf(name), filled(bytes + 1, writes), put)) written.set(name, writes);
            else written.delete(name);
          } else if (action === "get") {
            const found = store.get(keyOf(name));
            if (found !== undefined) expect(found.bytes[0]).toBe(written.get(name));
          } else if (action === "delete") {
            store.delete(keyOf(name));
          } else if (action === "wait") {
            clock.advance(20);
            holds.shift()?.();
          } else {
            const held = store.hold(keyOf(name));
            if (held !== undefined) holds.push(() => held.release());
          }
          expect(store.usedBytes).toBeLessThanOrEqual(capacityBytes);
          store.validate();
        }
        for (const release of holds) release();
        store.clear();
        store.validate();
        expect(store.usedBytes).toBe(0);
      }),
      { numRuns: 10 },
    );
  });
});

test("an owner who knows better is right: a scan does not push out what LFU keeps", () => {
  const hits = (hint: PolicyName | undefined): number => {
    const { store } = storeOf("lru");
    const put = { ...forever, policy: hint };
    let found = 0;
    for (let round = 0; round < 100; round++) {
      for (const name of [1, 2, 3, 4, 5]) {
        if (store.get(keyOf(name)) === undefined) store.put(keyOf(name), filled(900, 1), put);
        else found += 1;
        store.get(keyOf(name));
      }
      for (let scanned = 0; scanned < 60; scanned++) {
        store.put(keyOf(`${round}.${scanned}`), filled(900, 2), put);
      }
    }
    return found;
  };
  expect(hits(undefined)).toBe(0);
  expect(hits("lfu")).toBeGreaterThan(450);
});

test("what a hint takes is charged", () => {
  const { store } = storeOf("lru");
  store.put(keyOf("usual"), filled(100, 1), forever);
  const before = store.usedBytes;
  store.put(keyOf("hinted"), filled(100, 1), { ...forever, policy: "lfu" });
  // Its own charge; its place in the group, 12 and 8; and 8 of each entry for its group.
  expect(store.usedBytes).toBe(2 * before + 20 + 16);
  store.put(keyOf("same"), filled(100, 1), { ...forever, policy: "lru" });
  expect(store.usedBytes).toBe(3 * before + 20 + 24);
});

test("the first hint in a full store pushes out a few at a time, and its own entry stays", () => {
  const clock = new ManualClock();
  const options = { policy: "lru", capacityBytes: 4_000_000, clock } as const;
  const store = createStoreIn(new PoisonedMemory("lru"), options);
  const usual = filled(30, 1);
  let name = 0;
  while (store.counters.evictions === 0) store.put(keyOf(name++), usual, forever);
  const full = store.size;
  // What it takes for all that are there would be a fifth of a megabyte.
  let evictions = store.counters.evictions;
  for (let put = 0; put < 100; put++) {
    store.put(keyOf(`hinted ${put}`), usual, { ...forever, policy: "lfu" });
    expect(store.peek(keyOf(`hinted ${put}`))).toBeDefined();
    expect(store.counters.evictions - evictions).toBeLessThan(60);
    evictions = store.counters.evictions;
  }
  expect(store.size).toBeLessThan(full - 1_000);
  store.validate();
});

test("a value that fits only without what its hint takes is refused, and nobody goes for it", () => {
  const { store } = storeOf("lru");
  store.put(keyOf("usual"), filled(100, 1), forever);
  const rest = capacityBytes - entryBytes(0, "lru");
  expect(store.put(keyOf("hinted"), filled(rest, 2), { ...forever, policy: "lfu" })).toBe(false);
  expect(store.peek(keyOf("usual"))).toBeDefined();
  store.validate();
  expect(store.put(keyOf("hinted"), filled(rest - 28, 2), { ...forever, policy: "lfu" })).toBe(
    true,
  );
  expect(store.peek(keyOf("hinted"))).toBeDefined();
  store.validate();
});
