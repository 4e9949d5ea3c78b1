import assert from "node:assert";
import { grownInts, noSlot, type Slot } from "./slot.ts";

/**
 * Doubly linked lists over slots; any number of lists share one array, as a slot is in one of
 * them at most. Each list is a circle that its owner knows by its first slot; `noSlot` is the
 * empty list. Operations return the first slot as it is afterwards. All O(1) but `walk`.
 */
export class SlotLinks {
  /** Per slot the next and the previous one: beside each other, as most uses need both. */
  #links: Int32Array;

  constructor(slots: number) {
    this.#links = new Int32Array(2 * slots);
  }

  grow(slots: number): void {
    this.#links = grownInts(this.#links, 2 * slots);
  }

  /** The slot that follows; the first one after the last. */
  next(slot: Slot): Slot {
    return this.#links[2 * slot] as Slot;
  }

  append(first: Slot, slot: Slot): Slot {
    if (first === noSlot) {
      this.#tie(slot, slot);
      return slot;
    }
    this.#tie(this.#links[2 * first + 1] as Slot, slot);
    this.#tie(slot, first);
    return first;
  }

  remove(first: Slot, slot: Slot): Slot {
    const next = this.#links[2 * slot] as Slot;
    if (next === slot) return noSlot;
    this.#tie(this.#links[2 * slot + 1] as Slot, next);
    return first === slot ? next : first;
  }

  /** One list after the other. */
  join(first: Slot, second: Slot): Slot {
    if (first === noSlot) return second;
    if (second === noSlot) return first;
    const last = this.#links[2 * first + 1] as Slot;
    this.#tie(this.#links[2 * second + 1] as Slot, first);
    this.#tie(last, second);
    return first;
  }

  /** The slots of a list in order, each link checked both ways. */
  *walk(first: Slot): Generator<Slot> {
    if (first === noSlot) return;
    let slot = first;
    do {
      const next = this.#links[2 * slot] as Slot;
      assert(
        next !== noSlot && this.#links[2 * next + 1] === slot,
        `the links at slot ${slot} disagree`,
      );
      yield slot;
      slot = next;
    } while (slot !== first);
  }

  #tie(slot: Slot, next: Slot): void {
    this.#links[2 * slot] = next;
    this.#links[2 * next + 1] = slot;
  }
}
