import type { EvictionOrder } from "./policies/eviction-order.ts";
import { orderFor } from "./policies/order-for.ts";
import { noSlot, type Slot } from "./slot.ts";
import { moreSlots, SlotInts } from "./slot-arrays.ts";
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
  /** The slot of each id. */
  readonly #slotOf = new SlotInts(1, firstSlots);
  /** Per slot the id, the size, and when it expires. */
  readonly #entries: SlotInts;
  #usedSize = 0;
  #evictions = 0;

  constructor({ policy, capacity, unit, ttlMs }: TraceCacheOptions) {
    this.#capacity = capacity;
    this.#ttlMs = ttlMs ?? Number.POSITIVE_INFINITY;
    // W-TinyLFU's sketch is as large as the cache from the beginning, as in published figures.
    const slots = unit === "entries" ? Math.min(capacity + 1, mostFirstSlots) : firstSlots;
    this.#order = orderFor(policy, { slots, capacity, asPublished: true });
    this.#pool = new SlotPool(slots);
    this.#entries = new SlotInts(4, slots);
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
    while (id >= this.#slotOf.slots) this.#slotOf.grow(moreSlots(this.#slotOf.slots));
    const found = this.#slotOf.get(id, 0) as Slot;
    if (found !== noSlot && atMs < this.#entries.getDouble(found, 2)) {
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
      used += this.#sizeOf(slot);
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
    this.#slotOf.set(id, 0, slot);
    this.#entries.set(slot, 0, id);
    this.#entries.set(slot, 1, size);
    this.#entries.setDouble(slot, 2, atMs + this.#ttlMs);
    this.#usedSize += size;
  }

  #sizeOf(slot: Slot): number {
    return this.#entries.get(slot, 1) >>> 0;
  }

  #forget(slot: Slot): void {
    this.#slotOf.set(this.#entries.get(slot, 0), 0, noSlot);
    this.#usedSize -= this.#sizeOf(slot);
    this.#pool.give(slot);
  }

  #grow(): void {
    const slots = moreSlots(this.#pool.slots);
    this.#pool.grow(slots);
    this.#order.grow(slots);
    this.#entries.grow(slots);
  }
}
