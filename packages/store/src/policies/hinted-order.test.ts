import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { noSlot, type Slot } from "../slot.ts";
import { type PolicyName, policyNames } from "../store.ts";
import type { EvictionOrder } from "./eviction-order.ts";
import { HintedOrder } from "./hinted-order.ts";
import { orderFor } from "./order-for.ts";
import { S3FifoOrder } from "./s3-fifo-order.ts";

const capacity = 64;
const slots = 128;

/** A cache of entries of size 1 around an order: who is in it, and in which slot. */
class Cache {
  readonly order: EvictionOrder;
  readonly #slotOf = new Map<number, Slot>();
  readonly #policyOf = new Map<Slot, PolicyName | undefined>();
  readonly #free = Array.from({ length: slots - 1 }, (_, at) => (slots - 1 - at) as Slot);

  constructor(orderAround: (cache: Cache) => EvictionOrder) {
    this.order = orderAround(this);
  }

  get size(): number {
    return this.#slotOf.size;
  }

  get keys(): number[] {
    return [...this.#slotOf.keys()].sort((a, b) => a - b);
  }

  count(policy: PolicyName | undefined): number {
    return [...this.#slotOf.values()].filter((slot) => this.#policyOf.get(slot) === policy).length;
  }

  /** Whether it was a hit. */
  ask(key: number, policy?: PolicyName): boolean {
    const slot = this.#slotOf.get(key);
    if (slot !== undefined) {
      this.order.touch(slot);
      return true;
    }
    const arrival = { fingerprint: key, size: 1, costMs: 1, policy };
    this.order.expect(arrival);
    if (this.size === capacity) this.#freed(this.order.evict());
    this.order.add(this.#take(key, policy), arrival);
    return false;
  }

  replace(key: number, policy: PolicyName | undefined, isThere: boolean): void {
    const lifted = this.#slotOf.get(key);
    if (lifted === undefined) return;
    this.order.lift(lifted);
    this.#freed(lifted);
    if (!isThere) return;
    const arrival = { fingerprint: key, size: 1, costMs: 1, policy };
    this.order.lower(lifted, this.#take(key, policy), arrival);
  }

  remove(key: number): void {
    const slot = this.#slotOf.get(key);
    if (slot === undefined) return;
    this.order.remove(slot);
    this.#freed(slot);
  }

  validate(): void {
    const listed = [...this.order.slots()];
    expect(listed.length).toBe(this.size);
    expect(new Set(listed)).toEqual(new Set(this.#slotOf.values()));
  }

  #take(key: number, policy: PolicyName | undefined): Slot {
    const slot = this.#free.pop() ?? noSlot;
    this.#slotOf.set(key, slot);
    this.#policyOf.set(slot, policy);
    return slot;
  }

  #freed(slot: Slot): void {
    const key = [...this.#slotOf].find(([, other]) => other === slot)?.[0];
    expect(key, `slot ${slot} was in use`).toBeDefined();
    this.#slotOf.delete(key as number);
    this.#free.push(slot);
  }
}

const hinted = (usual: PolicyName) =>
  new Cache(
    (cache) =>
      new HintedOrder({
        usual: orderFor(usual, { slots, capacity }),
        slots,
        capacity,
        chargeOf: () => 1,
        usedBytes: cache.size,
        entries: () => cache.size,
      }),
  );

const anyPolicy = fc.constantFrom(undefined, ...policyNames);
const anyStep = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant("ask" as const), fc.nat(150), anyPolicy) },
  fc.tuple(fc.constant("replace" as const), fc.nat(150), anyPolicy),
  fc.tuple(fc.constant("lose" as const), fc.nat(150), anyPolicy),
  fc.tuple(fc.constant("remove" as const), fc.nat(150), anyPolicy),
);

test("has each entry once, whatever is hinted, replaced and removed", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...policyNames),
      fc.array(anyStep, { minLength: 200, maxLength: 400 }),
      (usual, steps) => {
        const cache = hinted(usual);
        for (const [step, key, policy] of steps) {
          if (step === "ask") cache.ask(key, policy);
          else if (step === "remove") cache.remove(key);
          else cache.replace(key, policy, step === "replace");
          cache.validate();
        }
      },
    ),
    { numRuns: 60 },
  );
});

// W-TinyLFU's sketch is made for the slots there are, of which a group begins with fewer.
const exact = policyNames.filter((policy) => policy !== "w-tinylfu");

describe.each(exact)("entries that are all hinted %s", (policy) => {
  test("are kept as that policy keeps them", () => {
    const plain = new Cache(() => orderFor(policy, { slots, capacity }));
    // Another one is the usual order, of nobody.
    const within = hinted(policy === "fifo" ? "lru" : "fifo");
    let state = 7;
    for (let step = 0; step < 900; step++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      const key = Math.floor((state / 2 ** 32) ** 2 * 200);
      expect(within.ask(key, policy)).toBe(plain.ask(key));
    }
    expect(within.keys).toEqual(plain.keys);
  });
});

test("memory is divided as requests are, and what nobody needs the others have", () => {
  const cache = hinted("lru");
  for (let step = 0; step < 4_000; step++) {
    cache.ask(step);
    for (const turn of [1, 2, 3]) cache.ask(1_000_000 + 3 * step + turn, "lfu");
  }
  expect(cache.count("lfu")).toBeGreaterThan(44);
  expect(cache.count("lfu")).toBeLessThan(52);
  // Four keys are all that anybody asks of the hinted ones now, however often.
  for (let step = 0; step < 40_000; step++) {
    cache.ask(10_000 + step);
    cache.ask(2_000_000 + (step % 4), "lfu");
    if (step % 5 === 0) cache.ask(2_000_000 + (step % 4), "lfu");
  }
  expect(cache.ask(2_000_000, "lfu")).toBe(true);
  // And nobody asks for any: their memory goes to those that are asked for.
  for (let step = 0; step < 40_000; step++) cache.ask(100_000 + step);
  expect(cache.count("lfu")).toBeLessThanOrEqual(1);
});

test("a scan through entries without a hint leaves those that are hinted alone", () => {
  const cache = hinted("lru");
  for (let round = 0; round < 200; round++) {
    for (let key = 0; key < 16; key++) cache.ask(key, "lfu");
    for (let key = 0; key < 30; key++) cache.ask(1_000 + 30 * round + key);
  }
  let hits = 0;
  for (let key = 0; key < 16; key++) hits += cache.ask(key, "lfu") ? 1 : 0;
  expect(hits).toBe(16);
});

test("a policy with shares of a capacity is told what is its own, as that grows and shrinks", () => {
  const resized = vi.spyOn(S3FifoOrder.prototype, "resize");
  const told = (): number => resized.mock.lastCall?.[0] ?? 0;
  const cache = hinted("lru");
  let key = 0;
  const asking = (hintedOf: number): void => {
    for (let step = 0; step < 6_000; step++) {
      key += 1;
      cache.ask(key, key % 10 < hintedOf ? "s3-fifo" : undefined);
    }
  };
  for (const [hintedOf, share] of [
    [5, 32],
    [9, 58],
    [2, 13],
  ] as const) {
    asking(hintedOf);
    expect(Math.abs(told() - share)).toBeLessThan(share / 3);
  }
  resized.mockRestore();
});
