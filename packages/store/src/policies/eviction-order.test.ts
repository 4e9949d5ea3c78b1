import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noSlot, type Slot } from "../slot.ts";
import { policyNames } from "../store.ts";
import { CostOrder, rounded } from "./cost-order.ts";
import type { EvictionOrder } from "./eviction-order.ts";
import { FrequencyOrder } from "./frequency-order.ts";
import { orderFor } from "./order-for.ts";
import { S3FifoOrder } from "./s3-fifo-order.ts";
import { SieveOrder } from "./sieve-order.ts";
import { TinyLfuOrder } from "./tiny-lfu-order.ts";

const [one, two, three, four] = [1, 2, 3, 4] as [Slot, Slot, Slot, Slot];

function add(order: EvictionOrder, ...slots: number[]): void {
  for (const slot of slots) {
    const arrival = { fingerprint: slot, size: 1, costMs: 1 };
    order.expect(arrival);
    order.add(slot as Slot, arrival);
  }
}

function evicted(order: EvictionOrder, count: number): Slot[] {
  return Array.from({ length: count }, () => order.evict());
}

describe.each(policyNames)("the order of %s", (policy) => {
  const orderOf = (slots: number) => orderFor(policy, { slots, capacity: 100 });

  test("has each slot once, until it goes", () => {
    const order = orderOf(8);
    expect(order.evict()).toBe(noSlot);
    add(order, one, two, three, four);
    for (const slot of [two, two, four]) order.touch(slot);
    expect([...order.slots()].sort()).toEqual([one, two, three, four]);
    order.remove(three);
    expect([...order.slots()].sort()).toEqual([one, two, four]);
    expect(evicted(order, 4).sort()).toEqual([noSlot, one, two, four]);
    expect([...order.slots()]).toEqual([]);
  });

  test("takes a lifted slot back, in another place or the same, or not at all", () => {
    const order = orderOf(8);
    add(order, one, two, three);
    const arrival = { fingerprint: 1, size: 2, costMs: 1 };
    order.lift(one);
    expect([...order.slots()].sort()).toEqual([two, three]);
    order.lower(one, four, arrival);
    expect([...order.slots()].sort()).toEqual([two, three, four]);
    order.lift(four);
    order.lower(four, four, arrival);
    expect(order.evict()).toBe(two);
    order.lift(four);
    expect(evicted(order, 2)).toEqual([three, noSlot]);
    add(order, two, three);
    order.lift(two);
    expect(order.evict()).toBe(three);
    order.lower(two, one, arrival);
    expect(evicted(order, 2)).toEqual([one, noSlot]);
  });
});

describe("the order by frequency", () => {
  test("lets the least recent of equals go, and starts anew when an entry comes again", () => {
    const order = new FrequencyOrder(8);
    add(order, one, two, three);
    for (const slot of [three, one, three, one]) order.touch(slot);
    expect([...order.slots()]).toEqual([two, three, one]);
    order.remove(one);
    add(order, one);
    expect([...order.slots()]).toEqual([two, one, three]);
  });

  test("keeps the frequency of a key whose value is replaced", () => {
    const order = new FrequencyOrder(8);
    add(order, one, two);
    for (const slot of [one, one, two]) order.touch(slot);
    order.lift(one);
    order.lower(one, three);
    expect([...order.slots()]).toEqual([two, three]);
    for (const slot of [two, two]) order.touch(slot);
    // Both 4 times now: three was touched first.
    expect([...order.slots()]).toEqual([three, two]);
  });

  test("has as many groups as slots, and uses each again", () => {
    const order = new FrequencyOrder(5);
    const slots = [one, two, three, four];
    for (let round = 0; round < 50; round++) {
      add(order, ...slots);
      for (const [at, slot] of slots.entries()) {
        for (let touches = 0; touches < at * 3; touches++) order.touch(slot);
      }
      expect([...order.slots()]).toEqual(slots);
      for (const slot of slots) order.remove(slot);
      expect([...order.slots()]).toEqual([]);
    }
  });
});

test("SIEVE leaves survivors where they are, and its hand goes on from there", () => {
  const order = new SieveOrder(16);
  add(order, 1, 2, 3, 4);
  for (const slot of [one, three]) order.touch(slot);
  expect(order.evict()).toBe(two);
  add(order, 5, 6);
  // The hand is at 3, clears it, and goes on among the younger ones.
  expect(evicted(order, 2)).toEqual([4, 5]);
  order.touch(6 as Slot);
  expect(evicted(order, 3)).toEqual([1, 3, 6]);
});

describe("S3-FIFO", () => {
  test("lets one-hit wonders go first, and keeps what comes back", () => {
    const order = new S3FifoOrder({ slots: 128, capacity: 20 });
    add(order, 1, 2, 3);
    for (const slot of [one, one, two]) order.touch(slot);
    // One was asked for twice, and moves on; two only once.
    expect(order.evict()).toBe(two);
    expect([...order.slots()]).toEqual([3, 1]);
    add(order, 4, 2);
    expect([...order.slots()]).toEqual([3, 4, 1, 2]);
    expect(evicted(order, 4)).toEqual([3, 4, 1, 2]);
  });

  test("puts what is larger than its small queue into the main one", () => {
    const order = new S3FifoOrder({ slots: 16, capacity: 20 });
    order.add(one, { fingerprint: 1, size: 3, costMs: 1 });
    add(order, 2);
    expect([...order.slots()]).toEqual([2, 1]);
  });
});

describe("W-TinyLFU", () => {
  test("lets nobody in who was seen less often than the victim", () => {
    const order = new TinyLfuOrder({ slots: 128, capacity: 100 });
    add(order, ...Array.from({ length: 99 }, (_, at) => at + 1));
    for (let slot = 1; slot <= 50; slot++) order.touch(slot as Slot);
    add(order, 100);
    order.expect({ fingerprint: 101, size: 1, costMs: 1 });
    // 100 falls out of the window, was seen once, and so was the first on probation.
    expect(order.evict()).toBe(100);
    add(order, 102);
    for (let seen = 0; seen < 3; seen++) order.touch(102 as Slot);
    order.expect({ fingerprint: 103, size: 1, costMs: 1 });
    expect(order.evict()).toBe(51);
  });

  test("weighs a large candidate against all that would go for it", () => {
    const order = new TinyLfuOrder({ slots: 128, capacity: 100 });
    const large = { fingerprint: 100, size: 3, costMs: 1 };
    add(order, 1, 2, 3, 4, 5);
    order.expect(large);
    order.add(100 as Slot, large);
    for (let seen = 0; seen < 2; seen++) order.touch(100 as Slot);
    order.expect({ fingerprint: 101, size: 1, costMs: 1 });
    // Seen three times, as often as 1, 2 and 3 together.
    expect(order.evict()).toBe(100);
  });
});

describe("GDSF", () => {
  test("keeps what is dear, small or asked for", () => {
    const order = new CostOrder({ slots: 16, capacity: 100 });
    order.add(one, { fingerprint: 1, size: 10, costMs: 10 });
    order.add(two, { fingerprint: 2, size: 10, costMs: 200 });
    order.add(three, { fingerprint: 3, size: 1, costMs: 10 });
    order.add(four, { fingerprint: 4, size: 10, costMs: 10 });
    for (let seen = 0; seen < 4; seen++) order.touch(four);
    expect(evicted(order, 4)).toEqual([one, four, three, two]);
  });

  test("forgets what was dear once", () => {
    const order = new CostOrder({ slots: 64, capacity: 100 });
    order.add(one, { fingerprint: 1, size: 1, costMs: 10 });
    let gone = noSlot;
    for (let slot = 2; gone !== one; slot++) {
      expect(slot).toBeLessThan(20);
      add(order, slot);
      order.touch(slot as Slot);
      gone = order.evict();
    }
  });

  test("rounds worths down to few bits", () => {
    const values = [1, 1.03, 1.0625, 31, 32, 33, 34, 1e-9, 123_456];
    for (const value of values) {
      expect(rounded(value, 5)).toBeLessThanOrEqual(value);
      expect(rounded(value, 5)).toBeGreaterThan(value * (1 - 2 ** -4));
      expect(rounded(value, 53)).toBe(value);
    }
    expect(rounded(33, 5)).toBe(32);
    expect(rounded(34, 5)).toBe(34);
  });
});

describe("LFU whose counts age", () => {
  /** Everybody's count, and who was touched least recently, as a list that is sorted. */
  class Naive {
    readonly #ranks = new Map<Slot, { count: number; at: number }>();
    #age = 0;
    #now = 0;

    add(slot: Slot): void {
      this.#ranks.set(slot, { count: this.#age + 1, at: this.#now++ });
    }

    touch(slot: Slot): void {
      const { count = 0 } = this.#ranks.get(slot) ?? {};
      this.#ranks.set(slot, { count: count + 1, at: this.#now++ });
    }

    evict(): Slot {
      const [first] = [...this.#ranks].sort(([, a], [, b]) => a.count - b.count || a.at - b.at);
      if (first === undefined) return noSlot;
      this.#age = first[1].count;
      this.#ranks.delete(first[0]);
      return first[0];
    }
  }

  test("goes by them as a sorted list does", () => {
    const step = fc.record({ kind: fc.constantFrom("add", "touch", "evict"), slot: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const [order, naive] = [new FrequencyOrder(16, true), new Naive()];
        const here = new Set<Slot>();
        for (const { kind, slot: number } of steps) {
          const slot = (number + 1) as Slot;
          if (kind === "evict") {
            const gone = order.evict();
            expect(gone).toBe(naive.evict());
            here.delete(gone);
          } else if (here.has(slot)) {
            order.touch(slot);
            naive.touch(slot);
          } else {
            order.add(slot);
            naive.add(slot);
            here.add(slot);
          }
          expect([...order.slots()]).toHaveLength(here.size);
        }
      }),
    );
  });

  test("forgets what was popular once, where plain LFU keeps it for ever", () => {
    const survivesBy = (ages: boolean): boolean => {
      const order = new FrequencyOrder(8, ages);
      order.add(one);
      for (let hit = 0; hit < 20; hit++) order.touch(one);
      for (let round = 0; round < 40; round++) {
        order.add(two);
        if (order.evict() === one) return false;
        order.add(three);
        order.touch(three);
        if (order.evict() === one) return false;
      }
      return true;
    };
    expect([survivesBy(false), survivesBy(true)]).toEqual([true, false]);
  });
});
