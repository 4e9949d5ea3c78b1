import assert from "node:assert";
import type { Arrival, EvictionOrder } from "./policies/eviction-order.ts";
import { noSlot, type Slot } from "./slot.ts";
import { moreSlots, SlotInts } from "./slot-arrays.ts";
import { SlotPool } from "./slot-pool.ts";

export interface SimulatedCacheOptions {
  readonly order: EvictionOrder;
  /** Those that the order was made for. */
  readonly slots: number;
  /** In the unit of sizes. */
  readonly capacity: number;
  /** Told of everyone that is pushed out. */
  readonly onEvicted?: (id: number) => void;
}

export interface SimulatedRequest extends Arrival {
  /** Whole, from 0, dense: it is an index of memory. */
  readonly id: number;
}

const firstIds = 64;
/** The words of a slot. */
const [idWord, sizeWord] = [0, 1];

/**
 * A cache without values: an order and its books. Every request that misses comes in, unless it is
 * larger than the cache.
 */
export class SimulatedCache {
  readonly #order: EvictionOrder;
  readonly #pool: SlotPool;
  readonly #onEvicted: ((id: number) => void) | undefined;
  #capacity: number;
  /** By id. */
  readonly #slotOf = new SlotInts(1, firstIds);
  /** Per slot its id and size. */
  readonly #entries: SlotInts;
  #usedSize = 0;
  #evictions = 0;

  constructor({ order, slots, capacity, onEvicted }: SimulatedCacheOptions) {
    this.#order = order;
    this.#pool = new SlotPool(slots);
    this.#capacity = capacity;
    this.#onEvicted = onEvicted;
    this.#entries = new SlotInts(2, slots);
  }

  get evictions(): number {
    return this.#evictions;
  }

  get usedSize(): number {
    return this.#usedSize;
  }

  get entries(): number {
    return this.#pool.taken;
  }

  holds(id: number): boolean {
    return id < this.#slotOf.slots && this.#slotOf.get(id, 0) !== noSlot;
  }

  /** Whether it was a hit. */
  request(request: SimulatedRequest): boolean {
    const { id, size } = request;
    while (id >= this.#slotOf.slots) this.#slotOf.grow(moreSlots(this.#slotOf.slots));
    const found = this.#slotOf.get(id, 0) as Slot;
    if (found !== noSlot) {
      this.#order.touch(found);
      return true;
    }
    if (size <= this.#capacity) this.#bringIn(request);
    return false;
  }

  /** It has a new value, of another size perhaps; nothing changes where it is not held. */
  replace(request: SimulatedRequest): void {
    const { id, size } = request;
    if (!this.holds(id)) return;
    const slot = this.#slotOf.get(id, 0) as Slot;
    this.#order.lift(slot);
    this.#usedSize += size - this.#sizeOf(slot);
    this.#entries.set(slot, sizeWord, size);
    while (this.#usedSize > this.#capacity) {
      // Larger than the cache: nobody is left to go for it.
      if (!this.#evict()) break;
    }
    if (this.#usedSize <= this.#capacity) {
      this.#order.lower(slot, slot, request);
      return;
    }
    this.#forget(slot);
    this.#onEvicted?.(id);
  }

  /** Its value has ended, for other reasons than the order's. */
  remove(id: number): void {
    if (!this.holds(id)) return;
    const slot = this.#slotOf.get(id, 0) as Slot;
    this.#order.remove(slot);
    this.#forget(slot);
  }

  resize(capacity: number): void {
    this.#capacity = capacity;
    this.#order.resize(capacity);
    while (this.#usedSize > capacity) this.#evict();
  }

  /** Throws unless order and books agree. For tests. */
  validate(): void {
    let [used, entries] = [0, 0];
    for (const slot of this.#order.slots()) {
      used += this.#sizeOf(slot);
      entries += 1;
    }
    assert(used === this.#usedSize && entries === this.#pool.taken, "order and books agree");
    assert(used <= this.#capacity, "the capacity is never exceeded");
  }

  #bringIn(request: SimulatedRequest): void {
    const { id, size } = request;
    this.#order.expect(request);
    while (this.#usedSize + size > this.#capacity) this.#evict();
    if (this.#pool.isExhausted) this.#grow();
    const slot = this.#pool.take();
    this.#order.add(slot, request);
    this.#slotOf.set(id, 0, slot);
    this.#entries.set(slot, idWord, id);
    this.#entries.set(slot, sizeWord, size);
    this.#usedSize += size;
  }

  /** False when nobody is left. */
  #evict(): boolean {
    const slot = this.#order.evict();
    if (slot === noSlot) return false;
    this.#evictions += 1;
    this.#forget(slot);
    this.#onEvicted?.(this.#entries.get(slot, idWord));
    return true;
  }

  #sizeOf(slot: Slot): number {
    return this.#entries.get(slot, sizeWord) >>> 0;
  }

  #forget(slot: Slot): void {
    this.#slotOf.set(this.#entries.get(slot, idWord), 0, noSlot);
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
