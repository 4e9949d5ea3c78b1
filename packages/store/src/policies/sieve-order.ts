import { noSlot, type Slot } from "../slot.ts";
import { SlotInts } from "../slot-arrays.ts";
import { SlotLinks } from "../slot-links.ts";
import type { EvictionOrder } from "./eviction-order.ts";

/**
 * SIEVE: one list in order of arrival, a bit per entry that was asked for, and a hand that goes
 * from the oldest to the newest, clearing bits, and takes the first without one (Zhang, Yang, Yue,
 * Vigfusson, Rashmi: "SIEVE is simpler than LRU", NSDI 2024). Survivors keep their place, so the
 * hand, once among new entries, takes those that nobody asks for quickly.
 *
 * A new value for a key comes last, with its bit set.
 */
export class SieveOrder implements EvictionOrder {
  readonly #links: SlotLinks;
  readonly #wasTouched: SlotInts;
  #first: Slot = noSlot;
  /** Where the search goes on; `noSlot`: at the oldest. */
  #hand: Slot = noSlot;

  constructor(slots: number) {
    this.#links = new SlotLinks(slots);
    this.#wasTouched = new SlotInts(1, slots);
  }

  grow(slots: number): void {
    this.#links.grow(slots);
    this.#wasTouched.grow(slots);
  }

  resize(): void {}

  expect(): void {}

  add(slot: Slot): void {
    this.#wasTouched.set(slot, 0, 0);
    this.#first = this.#links.append(this.#first, slot);
  }

  touch(slot: Slot): void {
    this.#wasTouched.set(slot, 0, 1);
  }

  remove(slot: Slot): void {
    if (this.#hand === slot) this.#hand = this.#after(slot);
    this.#first = this.#links.remove(this.#first, slot);
  }

  lift(slot: Slot): void {
    this.remove(slot);
  }

  lower(_lifted: Slot, slot: Slot): void {
    this.add(slot);
    this.touch(slot);
  }

  evict(): Slot {
    let slot = this.#hand === noSlot ? this.#first : this.#hand;
    if (slot === noSlot) return noSlot;
    while (this.#wasTouched.get(slot, 0) === 1) {
      this.#wasTouched.set(slot, 0, 0);
      slot = this.#links.next(slot);
    }
    this.#hand = this.#after(slot);
    this.#first = this.#links.remove(this.#first, slot);
    return slot;
  }

  /** From the hand on, round and round: first those without a bit, then the others. */
  *slots(): Generator<Slot> {
    const circle = [...this.#links.walk(this.#hand === noSlot ? this.#first : this.#hand)];
    for (const bit of [0, 1]) yield* circle.filter((slot) => this.#wasTouched.get(slot, 0) === bit);
  }

  /** After the newest the hand begins again, with whoever is the oldest then. */
  #after(slot: Slot): Slot {
    const next = this.#links.next(slot);
    return next === this.#first ? noSlot : next;
  }
}
