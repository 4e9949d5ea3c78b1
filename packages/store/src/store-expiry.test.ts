import { limits, type ManualClock } from "@kvring/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sweepPerPut } from "./bounded-store.ts";
import { entryBytes } from "./charge.ts";
import { createStore } from "./create-store.ts";
import { tickMs } from "./expiry-wheel.ts";
import type { Store } from "./store.ts";
import {
  filled,
  forever,
  keyOf,
  kindsOfStore,
  SmallStore,
  valueBytes,
} from "./testing/small-store.ts";

describe.each(kindsOfStore)(
  "the $policy store in $memory forgets what has expired",
  ({ policy, memory }) => {
    let clock: ManualClock;
    let store: Store;
    let put: SmallStore["put"];
    let present: SmallStore["present"];

    beforeEach(() => {
      const small = new SmallStore(policy, memory);
      ({ clock, store } = small);
      put = small.put.bind(small);
      present = small.present.bind(small);
    });
    afterEach(() => store.validate());

    test("to the millisecond", () => {
      put("a", 1, 10, 250);
      clock.advance(249.75);
      expect(store.get(keyOf("a"))?.ttlMs).toBeCloseTo(0.25);
      clock.advance(0.25);
      expect(store.peek(keyOf("a")) ?? store.hold(keyOf("a"))).toBeUndefined();
      expect(store.size).toBe(1);
      expect(store.get(keyOf("a"))).toBeUndefined();
      expect([store.size, store.usedBytes]).toEqual([0, 0]);
      expect(store.counters).toMatchObject({ hits: 1, misses: 1, expirations: 1, evictions: 0 });
    });

    test("before it evicts what lives", () => {
      put("lives");
      for (let name = 0; name < 3; name++) put(name, 1, valueBytes, 5_000);
      clock.advance(5_000 + tickMs);
      put("new", 1, 3 * valueBytes);
      expect(present("lives", "new")).toEqual(["lives", "new"]);
      expect(store.counters).toMatchObject({ evictions: 0, expirations: 3 });
    });

    test("a few at every put, without being asked for them", () => {
      const many = createStore({ policy, capacityBytes: 100 * entryBytes(8, policy), clock });
      for (let name = 0; name < 50; name++) {
        many.put(keyOf(name), filled(8, 1), { ttlMs: 3_000, costMs: 1 });
      }
      clock.advance(3_000 + tickMs);
      many.put(keyOf("new"), filled(8, 1), forever);
      expect(many.size).toBe(51 - sweepPerPut);
      for (let name = 0; name < 12; name++) many.put(keyOf(`n${name}`), filled(8, 1), forever);
      expect(many.size).toBe(13);
      expect(many.counters.expirations).toBe(50);
      many.validate();
    });

    test("all of it, where much room is needed at once", () => {
      const many = createStore({ policy, capacityBytes: 50 * entryBytes(8, policy), clock });
      many.put(keyOf("lives"), filled(8, 1), forever);
      for (let name = 1; name < 50; name++) {
        many.put(keyOf(name), filled(8, 1), { ttlMs: 3_000, costMs: 1 });
      }
      clock.advance(3_000 + tickMs);
      many.put(keyOf("large"), filled(48 * entryBytes(8, policy), 1), forever);
      expect(many.peek(keyOf("lives"))).toBeDefined();
      expect(many.counters).toMatchObject({ evictions: 0, expirations: 49 });
      many.validate();
    });

    test("as expired, not as evicted, where a victim is both", () => {
      for (let name = 0; name < 4; name++) put(name, 1, valueBytes, 100);
      clock.advance(100);
      put("new");
      expect(store.counters).toMatchObject({ evictions: 0, expirations: 1 });
    });

    test("a new value under its key is a new entry, with a new life", () => {
      put("a", 1, 10, 1_000);
      clock.advance(900);
      put("a", 2, 10, 1_000);
      clock.advance(900);
      expect(store.get(keyOf("a"))?.bytes[0]).toBe(2);
      expect(store.get(keyOf("a"))?.ageMs).toBe(900);
      clock.advance(100);
      expect(store.get(keyOf("a"))).toBeUndefined();
    });

    test("nothing lives longer than the limit", () => {
      put("a", 1, 10, Number.POSITIVE_INFINITY);
      expect(store.get(keyOf("a"))?.ttlMs).toBe(limits.entryTtlMs);
      clock.advance(limits.entryTtlMs);
      expect(store.get(keyOf("a"))).toBeUndefined();
    });

    test("also after days of silence", () => {
      put("a", 1, 10, limits.entryTtlMs);
      put("b", 1, 10, 1_500);
      clock.advance(3 * limits.entryTtlMs + 77);
      put("c", 1, 10, limits.entryTtlMs);
      expect([store.size, present("a", "b", "c")]).toEqual([1, ["c"]]);
    });

    test("even the shortest life ends", () => {
      put("a", 1, 10, Number.MIN_VALUE);
      expect(store.peek(keyOf("a"))).toBeUndefined();
      put("b", 1, 10, 0.25);
      expect(present("b")).toEqual(["b"]);
      clock.advance(0.25);
      expect(present("b")).toEqual([]);
    });
  },
);
