import assert from "node:assert";
import { grownInts, noSlot, type Slot } from "./slot.ts";

/** Gives slots out and takes them back; the last one returned goes first, as it is still warm. */
export class SlotPool {
  /** For a free slot, the one to give after it. */
  #after: Int32Array;
  #first: Slot = noSlot;
  /** Slots from here on were never given out. */
  #fresh = 1;
  #taken = 0;

  constructor(slots: number) {
    this.#after = new Int32Array(slots);
  }

  /** Array length; one more than the slots that can be taken. */
  get slots(): number {
    return this.#after.length;
  }

  get taken(): number {
    return this.#taken;
  }

  get isExhausted(): boolean {
    return this.#first === noSlot && this.#fresh === this.#after.length;
  }

  grow(slots: number): void {
    this.#after = grownInts(this.#after, slots);
  }

  take(): Slot {
    assert(!this.isExhausted, "the pool is grown before its slots run out");
    this.#taken += 1;
    if (this.#first === noSlot) return this.#fresh++ as Slot;
    const slot = this.#first;
    this.#first = this.#after[slot] as Slot;
    return slot;
  }

  give(slot: Slot): void {
    this.#taken -= 1;
    this.#after[slot] = this.#first;
    this.#first = slot;
  }

  /** The slots that are free now although they were taken before, for validation. */
  *returned(): Generator<Slot> {
    for (let slot = this.#first; slot !== noSlot; slot = this.#after[slot] as Slot) yield slot;
  }
}
