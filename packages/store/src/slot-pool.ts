import assert from "node:assert";
import type { Slot } from "./slot.ts";
import { moreSlots, SlotInts } from "./slot-arrays.ts";

const leastReturned = 64;

/** Gives slots out and takes them back; the last one returned goes first, as it is still warm. */
export class SlotPool {
  /** Those that came back, one on the other: no memory for those that are in use. */
  readonly #returned = new SlotInts(1, leastReturned);
  #returnedCount = 0;
  #slots: number;
  /** Slots from here on were never given out. */
  #fresh = 1;

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** One more than can be taken. */
  get slots(): number {
    return this.#slots;
  }

  get taken(): number {
    return this.#fresh - 1 - this.#returnedCount;
  }

  get isExhausted(): boolean {
    return this.#returnedCount === 0 && this.#fresh === this.#slots;
  }

  grow(slots: number): void {
    this.#slots = slots;
  }

  take(): Slot {
    assert(!this.isExhausted, "the pool is grown before its slots run out");
    if (this.#returnedCount === 0) return this.#fresh++ as Slot;
    this.#returnedCount -= 1;
    return this.#returned.get(this.#returnedCount, 0) as Slot;
  }

  give(slot: Slot): void {
    if (this.#returnedCount === this.#returned.slots)
      this.#returned.grow(moreSlots(this.#returnedCount));
    this.#returned.set(this.#returnedCount, 0, slot);
    this.#returnedCount += 1;
  }

  /** The slots that are free now although they were taken before, for validation. */
  *returned(): Generator<Slot> {
    for (let at = 0; at < this.#returnedCount; at++) yield this.#returned.get(at, 0) as Slot;
  }
}
