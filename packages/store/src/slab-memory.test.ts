import assert from "node:assert";
import { ManualClock } from "@kvring/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { entryBytes, metadataBytes } from "./charge.ts";
import { createStoreIn } from "./create-store.ts";
import { SlabMemory, slabSizesFor } from "./slab-memory.ts";
import type { Slot } from "./slot.ts";
import { policyNames } from "./store.ts";
import { PoisonedSlabs, poison } from "./testing/poisoned-memory.ts";
import { keyOf } from "./testing/small-store.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + seed) % 251);
}

describe("slabs", () => {
  test.each([
    [4 * KiB, 64 * KiB],
    [MiB, 64 * KiB],
    [64 * MiB, 4 * MiB],
    [1024 * MiB, 64 * MiB],
    [16 * 1024 * MiB, 64 * MiB],
  ])("of a store of %d bytes have %d", (capacityBytes, slabBytes) => {
    expect(slabSizesFor(capacityBytes, "lru")).toMatchObject({
      limitBytes: capacityBytes,
      slabBytes,
    });
  });

  test("come as they are needed, and end at the limit", () => {
    const memory = new SlabMemory(slabSizesFor(MiB, "lru"));
    const options = { policy: "lru", capacityBytes: MiB, clock: new ManualClock() } as const;
    const store = createStoreIn(memory, options);
    expect(memory.slabBytes).toBe(0);
    for (let name = 0; store.counters.evictions < 500; name++) {
      store.put(keyOf(name), new Uint8Array(1_000), { ttlMs: 1_000, costMs: 1 });
      expect(memory.slabBytes).toBeLessThan(store.usedBytes + 65 * KiB);
    }
    store.validate();
    // Values, metadata and slabs' frames: all but a crumb of the capacity is in use.
    expect(memory.slabBytes + store.size * metadataBytes("lru")).toBeLessThanOrEqual(MiB);
    expect(store.usedBytes).toBeGreaterThan(0.98 * MiB);
  });

  test("hold values in one piece, read without copying", () => {
    const memory = new SlabMemory({
      limitBytes: MiB,
      slabBytes: 64 * KiB,
      metadataBytes: metadataBytes("lru"),
    });
    memory.write(1 as Slot, pattern(40_000, 1));
    expect(memory.chargeOf(1 as Slot)).toBe(entryBytes(40_000, "lru"));
    expect(memory.read(1 as Slot).buffer).toBe(memory.read(1 as Slot).buffer);
  });

  test("hold what is longer than a slab in pieces", () => {
    const memory = new SlabMemory({
      limitBytes: MiB,
      slabBytes: 64 * KiB,
      metadataBytes: metadataBytes("lru"),
    });
    const value = pattern(600_000, 5);
    expect(memory.write(1 as Slot, value)).toBe(true);
    expect([...memory.parts(1 as Slot)].length).toBeGreaterThan(9);
    expect(Buffer.compare(memory.read(1 as Slot), value)).toBe(0);
    memory.validate([1 as Slot]);
    expect(memory.write(2 as Slot, value)).toBe(false);
    memory.validate([1 as Slot]);
  });

  test("lend what lies in pieces in one memory by turns", () => {
    const memory = new SlabMemory({
      limitBytes: 20 * MiB,
      slabBytes: 64 * KiB,
      metadataBytes: metadataBytes("lru"),
    });
    const [long, longer, longest] = [600_000, 700_000, 9 * MiB].map(pattern) as Uint8Array[];
    assert(long !== undefined && longer !== undefined && longest !== undefined);
    memory.write(1 as Slot, long);
    memory.write(2 as Slot, longer);
    memory.write(3 as Slot, longest);
    const first = memory.borrow(2 as Slot);
    expect(Buffer.compare(first, longer)).toBe(0);
    const kept = memory.read(2 as Slot);
    const second = memory.borrow(1 as Slot);
    expect(Buffer.compare(second, long)).toBe(0);
    expect(second.buffer).toBe(first.buffer);
    expect(Buffer.compare(kept, longer)).toBe(0);
    // Too long to keep memory for.
    expect(memory.borrow(3 as Slot).buffer).not.toBe(memory.borrow(3 as Slot).buffer);
    expect(Buffer.compare(memory.borrow(3 as Slot), longest)).toBe(0);
  });

  test("of which every other entry is free take a value longer than each hole", () => {
    const memory = new SlabMemory({
      limitBytes: 64 * KiB,
      slabBytes: 64 * KiB,
      metadataBytes: metadataBytes("lru"),
    });
    memory.records.grow(256);
    let last = 1;
    while (memory.write(last as Slot, pattern(500, last))) last += 1;
    const odd: Slot[] = [];
    for (let slot = 1; slot < last; slot++) {
      if (slot % 2 === 0) memory.free(slot as Slot);
      else odd.push(slot as Slot);
    }
    const value = pattern(20_000, 9);
    expect(memory.write(last as Slot, value)).toBe(true);
    expect([...memory.parts(last as Slot)].length).toBeGreaterThan(30);
    expect(Buffer.compare(memory.read(last as Slot), value)).toBe(0);
    for (const slot of odd) expect(memory.read(slot)).toEqual(pattern(500, slot));
    memory.validate([...odd, last as Slot]);
    // Each piece has a head of its own, and is charged.
    expect(memory.chargeOf(last as Slot)).toBeGreaterThan(entryBytes(20_000, "lru"));
  });
});

describe.each(policyNames)("a %s store whose slabs are as tight as its capacity", (policy) => {
  test("gives what was put, whatever is evicted, held and cut to pieces", () => {
    const step = fc.record({
      action: fc.constantFrom("put", "put", "put", "get", "hold", "release", "delete"),
      name: fc.integer({ min: 0, max: 30 }),
      length: fc.oneof(fc.nat(100), fc.nat(2_000), fc.nat(16_000)),
    });
    const steps = fc.array(step, { size: "max", minLength: 50, maxLength: 250 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 4_096, max: 20_000 }), (sequence, capacityBytes) => {
        const memory = new PoisonedSlabs(slabSizesFor(capacityBytes, policy));
        const store = createStoreIn(memory, { policy, capacityBytes, clock: new ManualClock() });
        const latest = new Map<number, Uint8Array>();
        const held: { bytes: Uint8Array; is: Uint8Array; release(): void }[] = [];
        for (const [seed, { action, name, length }] of sequence.entries()) {
          const key = keyOf(name);
          if (action === "put") {
            const value = pattern(length, seed).map((byte) => (byte === poison ? 0 : byte));
            const isStored = store.put(key, value, { ttlMs: 1_000, costMs: 1 });
            if (isStored) latest.set(name, value);
            else if (store.peek(key) === undefined) latest.delete(name);
          } else if (action === "delete") {
            store.delete(key);
          } else if (action === "release") {
            held.splice(length % Math.max(1, held.length), 1)[0]?.release();
          } else {
            const found = action === "get" ? store.get(key) : store.hold(key);
            if (found === undefined) continue;
            const is = latest.get(name) ?? new Uint8Array();
            assert.equal(Buffer.compare(found.bytes, is), 0, "the latest value of the key");
            if ("release" in found) held.push({ ...(found as never as (typeof held)[0]), is });
          }
          assert(store.usedBytes <= capacityBytes && memory.slabBytes <= capacityBytes);
          for (const { bytes, is } of held) assert.equal(Buffer.compare(bytes, is), 0, "held");
        }
        store.validate();
      }),
      { numRuns: 12 },
    );
  });
});
