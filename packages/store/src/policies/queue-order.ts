import { noSlot, type Slot } from "../slot.ts";
import { SlotLinks } from "../slot-links.ts";
import type { EvictionOrder } from "./eviction-order.ts";

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

  resize(): void {}

  expect(): void {}

  add(slot: Slot): void {
    this.#first = this.#links.append(this.#first, slot);
  }

  touch(slot: Slot): void {
    if (this.#by === "arrival") return;
    this.remove(slot);
    this.add(slot);
  }

  remove(slot: Slot): void {
    this.#first = this.#links.remove(this.#first, slot);
  }

  lift(slot: Slot): void {
    this.remove(slot);
  }

  lower(_lifted: Slot, slot: Slot): void {
    this.add(slot);
  }

  evict(): Slot {
    const slot = this.#first;
    if (slot !== noSlot) this.remove(slot);
    return slot;
  }

  slots(): Iterable<Slot> {
    return this.#links.walk(this.#first);
  }
}
