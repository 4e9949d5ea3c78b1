import type { EvictionOrder } from "./policies/eviction-order.ts";
import { orderFor } from "./policies/order-for.ts";
import { grownDoubles, grownInts, grownWords, noSlot, type Slot } from "./slot.ts";
import { SlotPool } from "./slot-pool.ts";
import type { PolicyName } from "./store.ts";

export interface TraceCacheOptions {
  readonly policy: PolicyName;
  /** In entries where every request has size 1, otherwise in bytes. */
  readonly capacity: number;
  readonly unit: "entries" | "bytes";
  /** Entries end so long after they came. */
  readonly ttlMs?: number;
}

export interface TraceRequest {
  /** Whole, from 0, dense: it is an index of memory. */
  readonly id: number;
  readonly size: number;
  readonly costMs: number;
  readonly atMs: number;
}

const firstSlots = 1_024;
/** Beyond so many, even a cache that counts entries takes its memory as it fills. */
const mostFirstSlots = 2 ** 22;

/**
 * A cache without values: every request that misses comes in, sizes are the trace's own, and
 * nothing is charged for metadata. It runs the policies of the store, so what it counts is what
 * they do.
 */
export class TraceCache {
  readonly #capacity: number;
  readonly #ttlMs: number;
  readonly #order: EvictionOrder;
  readonly #pool: SlotPool;
  #slotOf: Int32Array = new Int32Array(firstSlots);
  #idOf: Int32Array;
  #sizes: Uint32Array;
  #expiresAtMs: Float64Array;
  #usedSize = 0;
  #evictions = 0;

  constructor({ policy, capacity, unit, ttlMs }: TraceCacheOptions) {
    this.#capacity = capacity;
    this.#ttlMs = ttlMs ?? Number.POSITIVE_INFINITY;
    // W-TinyLFU's sketch is as large as the cache from the beginning, as in published figures.
    const slots = unit === "entries" ? Math.min(capacity + 1, mostFirstSlots) : firstSlots;
    this.#order = orderFor(policy, { slots, capacity, asPublished: true });
    this.#pool = new SlotPool(slots);
    this.#idOf = new Int32Array(slots);
    this.#sizes = new Uint32Array(slots);
    this.#expiresAtMs = new Float64Array(slots);
  }

  get evictions(): number {
    return this.#evictions;
  }

  get usedSize(): number {
    return this.#usedSize;
  }

  /** Whether it was a hit. */
  request(request: TraceRequest): boolean {
    const { id, size, atMs } = request;
    if (id >= this.#slotOf.length) this.#slotOf = grownInts(this.#slotOf, 2 * (id + 1));
    const found = this.#slotOf[id] as Slot;
    if (found !== noSlot && atMs < (this.#expiresAtMs[found] as number)) {
      this.#order.touch(found);
      return true;
    }
    if (found !== noSlot) {
      this.#order.remove(found);
      this.#forget(found);
    }
    if (size <= this.#capacity) this.#bringIn(request);
    return false;
  }

  /** Throws unless order and books agree. For tests. */
  validate(): void {
    let [used, entries] = [0, 0];
    for (const slot of this.#order.slots()) {
      used += this.#sizes[slot] as number;
      entries += 1;
    }
    const agrees = used === this.#usedSize && entries === this.#pool.taken;
    if (!agrees || used > this.#capacity) throw new Error("the order and the books disagree");
  }

  #bringIn({ id, size, costMs, atMs }: TraceRequest): void {
    const arrival = { fingerprint: id, size, costMs };
    this.#order.expect(arrival);
    while (this.#usedSize + size > this.#capacity) {
      this.#evictions += 1;
      this.#forget(this.#order.evict());
    }
    if (this.#pool.isExhausted) this.#grow();
    const slot = this.#pool.take();
    this.#order.add(slot, arrival);
    this.#slotOf[id] = slot;
    this.#idOf[slot] = id;
    this.#sizes[slot] = size;
    this.#expiresAtMs[slot] = atMs + this.#ttlMs;
    this.#usedSize += size;
  }

  #forget(slot: Slot): void {
    this.#slotOf[this.#idOf[slot] as number] = noSlot;
    this.#usedSize -= this.#sizes[slot] as number;
    this.#pool.give(slot);
  }

  #grow(): void {
    const slots = 2 * this.#pool.slots;
    this.#pool.grow(slots);
    this.#order.grow(slots);
    this.#idOf = grownInts(this.#idOf, slots);
    this.#sizes = grownWords(this.#sizes, slots);
    this.#expiresAtMs = grownDoubles(this.#expiresAtMs, slots);
  }
}
