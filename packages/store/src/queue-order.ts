import type { EvictionOrder } from "./eviction-order.ts";
import { noSlot, type Slot } from "./slot.ts";
import { SlotLinks } from "./slot-links.ts";

/**
 * LRU and FIFO: one list, the first goes next. They differ in whether being asked for moves an
 * entry to its end. A new value for a key goes to the end in both: it has just arrived.
 */
export class QueueOrder implements EvictionOrder {
  readonly #by: "recency" | "arrival";
  readonly #links: SlotLinks;
  #first: Slot = noSlot;

  constructor(slots: number, by: "recency" | "arrival") {
    this.#by = by;
    this.#links = new SlotLinks(slots);
  }

  grow(slots: number): void {
    this.#links.grow(slots);
  }

  add(slot: Slot): void {
    this.#first = this.#links.append(this.#first, slot);
  }

  touch(slot: Slot): void {
    if (this.#by === "recency") this.replace(slot, slot);
  }

  replace(from: Slot, to: Slot): void {
    this.remove(from);
    this.add(to);
  }

  remove(slot: Slot): void {
    this.#first = this.#links.remove(this.#first, slot);
  }

  victim(spared: Slot): Slot {
    if (this.#first !== spared || spared === noSlot) return this.#first;
    const second = this.#links.next(spared);
    return second === spared ? noSlot : second;
  }

  slots(): Iterable<Slot> {
    return this.#links.walk(this.#first);
  }
}
