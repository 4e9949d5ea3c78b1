import assert from "node:assert";
import { grownInts, noSlot, type Slot } from "./slot.ts";

/**
 * Doubly linked lists over slots; any number of lists share two arrays, as a slot is in one of
 * them at most. Each list is a circle that its owner knows by its first slot; `noSlot` is the
 * empty list. Operations return the first slot as it is afterwards. All O(1) but `walk`.
 */
export class SlotLinks {
  #next: Int32Array;
  #previous: Int32Array;

  constructor(slots: number) {
    this.#next = new Int32Array(slots);
    this.#previous = new Int32Array(slots);
  }

  grow(slots: number): void {
    this.#next = grownInts(this.#next, slots);
    this.#previous = grownInts(this.#previous, slots);
  }

  /** The slot that follows; the first one after the last. */
  next(slot: Slot): Slot {
    return this.#next[slot] as Slot;
  }

  append(first: Slot, slot: Slot): Slot {
    if (first === noSlot) {
      this.#tie(slot, slot);
      return slot;
    }
    this.#tie(this.#previous[first] as Slot, slot);
    this.#tie(slot, first);
    return first;
  }

  remove(first: Slot, slot: Slot): Slot {
    const next = this.#next[slot] as Slot;
    if (next === slot) return noSlot;
    this.#tie(this.#previous[slot] as Slot, next);
    return first === slot ? next : first;
  }

  /** One list after the other. */
  join(first: Slot, second: Slot): Slot {
    if (first === noSlot) return second;
    if (second === noSlot) return first;
    const last = this.#previous[first] as Slot;
    this.#tie(this.#previous[second] as Slot, first);
    this.#tie(last, second);
    return first;
  }

  /** The slots of a list in order, each link checked both ways. */
  *walk(first: Slot): Generator<Slot> {
    if (first === noSlot) return;
    let slot = first;
    do {
      const next = this.#next[slot] as Slot;
      assert(
        next !== noSlot && this.#previous[next] === slot,
        `the links at slot ${slot} disagree`,
      );
      yield slot;
      slot = next;
    } while (slot !== first);
  }

  #tie(slot: Slot, next: Slot): void {
    this.#next[slot] = next;
    this.#previous[next] = slot;
  }
}
