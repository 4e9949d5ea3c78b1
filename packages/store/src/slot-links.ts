import assert from "node:assert";
import { noSlot, type Slot } from "./slot.ts";
import { SlotInts } from "./slot-arrays.ts";

/**
 * Doubly linked lists over slots; any number of lists share one array, as a slot is in one of
 * them at most. Each list is a circle that its owner knows by its first slot; `noSlot` is the
 * empty list. Operations return the first slot as it is afterwards. All O(1) but `walk`.
 */
export class SlotLinks {
  /** Per slot the next and the previous one: beside each other, as most uses need both. */
  readonly #links: SlotInts;

  /** In two words of records, or in some of its own for so many slots. */
  constructor(where: SlotInts | number) {
    this.#links = typeof where === "number" ? new SlotInts(2, where) : where;
  }

  grow(slots: number): void {
    this.#links.grow(slots);
  }

  /** The slot that follows; the first one after the last. */
  next(slot: Slot): Slot {
    return this.#links.get(slot, 0) as Slot;
  }

  /** The slot before; the last one before the first. */
  previous(slot: Slot): Slot {
    return this.#links.get(slot, 1) as Slot;
  }

  append(first: Slot, slot: Slot): Slot {
    if (first === noSlot) {
      this.#tie(slot, slot);
      return slot;
    }
    this.#tie(this.previous(first), slot);
    this.#tie(slot, first);
    return first;
  }

  remove(first: Slot, slot: Slot): Slot {
    const next = this.next(slot);
    if (next === slot) return noSlot;
    this.#tie(this.previous(slot), next);
    return first === slot ? next : first;
  }

  /** One list after the other. */
  join(first: Slot, second: Slot): Slot {
    if (first === noSlot) return second;
    if (second === noSlot) return first;
    const last = this.previous(first);
    this.#tie(this.previous(second), first);
    this.#tie(last, second);
    return first;
  }

  /** The slots of a list in order, each link checked both ways. */
  *walk(first: Slot): Generator<Slot> {
    if (first === noSlot) return;
    let slot = first;
    do {
      const next = this.next(slot);
      const agrees = next !== noSlot && this.previous(next) === slot;
      assert(agrees, `the links at slot ${slot} disagree`);
      yield slot;
      slot = next;
    } while (slot !== first);
  }

  #tie(slot: Slot, next: Slot): void {
    this.#links.set(slot, 0, next);
    this.#links.set(next, 1, slot);
  }
}
