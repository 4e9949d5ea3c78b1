import assert from "node:assert";
import { KvringError, type ManualClock, systemClock } from "@kvring/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { entryBytes, granuleBytes, metadataBytes, pieceHeaderBytes } from "./charge.ts";
import { capacityRange, createStore } from "./create-store.ts";
import type { PolicyChoice, Store } from "./store.ts";
import {
  capacityFor,
  filled,
  forever,
  keyOf,
  kindsOfStore,
  SmallStore,
  valueBytes,
} from "./testing/small-store.ts";

describe.each(kindsOfStore)("the $policy store in $memory", ({ policy, memory }) => {
  const capacityBytes = capacityFor(policy);
  let clock: ManualClock;
  let store: Store;
  let put: SmallStore["put"];
  let present: SmallStore["present"];
  let popularise: SmallStore["popularise"];

  beforeEach(() => {
    const small = new SmallStore(policy, memory);
    ({ clock, store } = small);
    put = small.put.bind(small);
    present = small.present.bind(small);
    popularise = small.popularise.bind(small);
  });
  afterEach(() => store.validate());

  describe("keeps values", () => {
    test("and gives them back with their age and remaining life", () => {
      store.put(keyOf("a"), Buffer.from("answer"), { ttlMs: 5_000, costMs: 3 });
      clock.advance(1_200);
      const found = store.get(keyOf("a"));
      expect(Buffer.from(found?.bytes ?? []).toString()).toBe("answer");
      expect(found?.ageMs).toBe(1_200);
      expect(found?.ttlMs).toBe(3_800);
      expect(store.get(keyOf("b"))).toBeUndefined();
    });

    test("under every byte of the key, wherever in its buffer it lies", () => {
      const buffer = Buffer.alloc(70, 7);
      store.put(buffer.subarray(3, 35), filled(1, 9), forever);
      expect(store.get(new Uint8Array(32).fill(7))?.bytes[0]).toBe(9);
      for (let at = 0; at < 32; at++) {
        const other = new Uint8Array(32).fill(7);
        other[at] = 8;
        expect(store.peek(other)).toBeUndefined();
      }
    });

    test("of no bytes", () => {
      expect(put("empty", 0, 0)).toBe(true);
      expect(store.get(keyOf("empty"))?.bytes.byteLength).toBe(0);
      expect(store.usedBytes).toBe(entryBytes(0, policy));
    });

    test("as copies", () => {
      const pooled = Buffer.from("twelve bytes");
      const key = keyOf("a");
      store.put(key, pooled, forever);
      pooled.fill(0);
      key.fill(0);
      const bytes = store.peek(keyOf("a"))?.bytes;
      expect(Buffer.from(bytes ?? []).toString()).toBe("twelve bytes");
      expect(bytes?.byteLength).toBe(12);
    });

    test("the last one of a key, also of another size", () => {
      put("a", 1, 100);
      put("a", 2, 3_000);
      expect(store.size).toBe(1);
      expect(store.usedBytes).toBe(entryBytes(3_000, policy));
      put("a", 3, 10);
      expect(store.usedBytes).toBe(entryBytes(10, policy));
      expect(store.get(keyOf("a"))?.bytes).toEqual(filled(10, 3));
      expect(store.counters).toMatchObject({ puts: 3, evictions: 0, deletions: 0 });
    });

    test("while arrays double and entries come and go", () => {
      const large = createStore({ policy, capacityBytes: 2_000 * entryBytes(8, policy), clock });
      const expected = new Map<number, number>();
      for (let step = 0; step < 6_000; step++) {
        const name = (step * 7_919) % 3_000;
        if (step % 3 === 2) {
          assert.equal(large.delete(keyOf(name)), expected.delete(name));
        } else if (expected.size < 2_000) {
          large.put(keyOf(name), filled(8, step % 251), forever);
          expected.set(name, step % 251);
        }
      }
      expect(large.size).toBe(expected.size);
      expect(expected.size).toBeGreaterThan(1_000);
      for (const [name, byte] of expected) assert.equal(large.get(keyOf(name))?.bytes[7], byte);
      large.validate();
    });
  });

  describe("is bounded", () => {
    test("by bytes: values, keys and overhead are charged", () => {
      for (let name = 0; name < 4; name++) put(name);
      expect(store.usedBytes).toBe(capacityBytes);
      put(4);
      expect(store.usedBytes).toBe(capacityBytes);
      expect(store.size).toBe(4);
      expect(store.counters.evictions).toBe(1);
    });

    test("one large value pushes out as many as it needs, and no more", () => {
      for (let name = 0; name < 4; name++) put(name);
      popularise(3);
      put("large", 1, 2 * valueBytes);
      expect(present(0, 1, 2, 3)).toEqual([2, 3]);
      expect(store.counters.evictions).toBe(2);
    });

    test("a value as large as the store fits, one byte more never does", () => {
      put("small");
      const granules = Math.floor((capacityBytes - metadataBytes(policy)) / granuleBytes);
      const most = granules * granuleBytes - pieceHeaderBytes;
      expect(put("too large", 1, most + 1)).toBe(false);
      expect(present("small", "too large")).toEqual(["small"]);
      expect(store.counters).toMatchObject({ rejections: 1, evictions: 0, puts: 1 });
      expect(put("large", 1, most)).toBe(true);
      expect(present("small", "large")).toEqual(["large"]);
      expect(store.usedBytes).toBe(entryBytes(most, policy));
    });

    test("a refused value leaves the one before it", () => {
      put("a", 1);
      expect(put("a", 2, capacityBytes)).toBe(false);
      expect(store.get(keyOf("a"))?.bytes[0]).toBe(1);
    });

    test("a value that grows never pushes itself out", () => {
      for (let name = 0; name < 4; name++) put(name);
      for (const name of [1, 2, 3]) store.get(keyOf(name));
      for (const name of [1, 2, 3]) store.get(keyOf(name));
      put(0, 9, 2 * valueBytes);
      expect(store.get(keyOf(0))?.bytes).toEqual(filled(2 * valueBytes, 9));
      expect(store.size).toBe(3);
    });
  });

  describe("evicts", () => {
    test("in the order of its policy", () => {
      for (let name = 0; name < 4; name++) put(name);
      for (const name of [0, 0, 1, 3]) store.get(keyOf(name));
      // Those that are left after each newcomer.
      const left = {
        lru: ["013", "13", "3", ""],
        fifo: ["123", "23", "3", ""],
        lfu: ["013", "03", "0", ""],
        sieve: ["013", "13", "3", ""],
        "s3-fifo": ["013", "03", "0", ""],
        // The third newcomer was not seen more often than the first, which is its victim.
        "w-tinylfu": ["013", "01", "01", "01"],
        gdsf: ["013", "03", "0", ""],
        // Which begins as S3-FIFO, and follows its ghost.
        adaptive: ["013", "03", "0", ""],
      }[policy];
      for (const [round, names] of left.entries()) {
        put(`new ${round}`);
        for (let hit = 0; hit < 4; hit++) store.get(keyOf(`new ${round}`));
        expect(present(0, 1, 2, 3).join("")).toBe(names);
      }
    });

    test("not what was only peeked at or held for longer", () => {
      for (let name = 0; name < 4; name++) put(name);
      popularise(3);
      const before = store.counters;
      store.peek(keyOf(0));
      store.hold(keyOf(0))?.release();
      expect(store.peek(keyOf("absent")) ?? store.hold(keyOf("absent"))).toBeUndefined();
      expect(store.counters).toEqual(before);
      put(4);
      expect(present(0, 1, 2, 3)).toEqual([1, 2, 3]);
    });

    test("a replaced value later: it has just arrived", () => {
      for (let name = 0; name < 4; name++) put(name);
      put(0);
      popularise(3);
      put(4);
      expect(present(0, 1, 2, 3)).toEqual([0, 2, 3]);
    });
  });

  describe("deletes", () => {
    test("once", () => {
      put("a");
      expect([store.delete(keyOf("a")), store.delete(keyOf("a"))]).toEqual([true, false]);
      expect(store.get(keyOf("a"))).toBeUndefined();
      expect([store.size, store.usedBytes, store.counters.deletions]).toEqual([0, 0, 1]);
    });

    test("not what has expired", () => {
      put("a", 1, 10, 500);
      clock.advance(500);
      expect(store.delete(keyOf("a"))).toBe(false);
      expect(store.counters).toMatchObject({ deletions: 0, expirations: 1 });
    });

    test("everything, and goes on", () => {
      for (let name = 0; name < 4; name++) put(name);
      store.clear();
      expect([store.size, store.usedBytes, store.counters.deletions]).toEqual([0, 0, 4]);
      store.validate();
      for (let name = 2; name < 7; name++) put(name);
      expect(store.size).toBe(4);
    });
  });

  test("counts what happened, in a copy", () => {
    put("a");
    store.get(keyOf("a"));
    store.get(keyOf("b"));
    const { counters } = store;
    store.get(keyOf("a"));
    expect(counters).toEqual({
      ...{ hits: 1, misses: 1, puts: 1, evictions: 0 },
      ...{ expirations: 0, deletions: 0, rejections: 0 },
    });
    expect(store.policy).toBe(policy);
    expect(store.capacityBytes).toBe(capacityBytes);
  });

  test("mistakes of the caller are refused before anything changes", () => {
    expect(() => store.get(new Uint8Array(31))).toThrow("32 bytes");
    for (const ttlMs of [0, -1, Number.NaN]) {
      expect(() => store.put(keyOf("a"), filled(1, 1), { ttlMs, costMs: 1 })).toThrow(
        "more than 0",
      );
    }
    expect(() => store.put(keyOf("a"), filled(1, 1), { ttlMs: 1, costMs: -1 })).toThrow("or more");
    expect(store.size).toBe(0);
  });

  test.each([
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    0,
    capacityRange.leastBytes - 1,
    capacityRange.leastBytes + 0.5,
    capacityRange.mostBytes + 1,
  ])("a capacity of %d cannot be meant", (bytes) => {
    expect(() => createStore({ policy, capacityBytes: bytes, clock })).toThrow(KvringError);
  });

  test.each([capacityRange.leastBytes, capacityRange.mostBytes])("%d bytes can", (bytes) => {
    const bounded = createStore({ policy, capacityBytes: bytes, clock });
    expect(bounded.put(keyOf("a"), filled(2_000, 1), forever)).toBe(true);
    bounded.validate();
  });
});

test("a policy that is not there is named with those that are", () => {
  const options = { policy: "mru" as PolicyChoice, capacityBytes: 2 ** 20, clock: systemClock };
  expect(() => createStore(options)).toThrow(
    'no eviction policy "mru": choose one of lru, lfu, fifo, sieve',
  );
});

test("counts can age where they decide, and nowhere else", () => {
  const options = { capacityBytes: 2 ** 20, clock: systemClock, lfuAges: true };
  expect(createStore({ ...options, policy: "lfu" }).policy).toBe("lfu");
  for (const policy of ["lru", "adaptive"] as const) {
    expect(() => createStore({ ...options, policy })).toThrow(`the policy is ${policy}, and only`);
  }
});
