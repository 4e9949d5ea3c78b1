import type { Arrival, EvictionOrder } from "../policies/eviction-order.ts";
import { noSlot, type Slot } from "../slot.ts";
import { SlotInts } from "../slot-arrays.ts";
import { SlotLinks } from "../slot-links.ts";

/** The words of a slot. */
const [keptWord, fingerprintWord] = [0, 1];

/**
 * Follows a ghost that sees every request: what the ghost does not hold is spare and goes first, in
 * the order in which it became spare. So the cache is on its way to what the ghost holds, and stays
 * with it once it is there; and following another ghost takes no more than a look at each entry
 * (Gramacy, Warmuth, Brandt, Ari: "Adaptive caching by refetching", NIPS 2002, without fetching
 * anything that nobody asked for).
 */
export class MirrorOrder implements EvictionOrder {
  readonly #links: SlotLinks;
  readonly #slotOf = new Map<number, Slot>();
  /** Whether the ghost holds that key now. */
  #isHeld: (fingerprint: number) => boolean;
  /** Per slot whether it is kept, and its fingerprint. */
  readonly #entries: SlotInts;
  #spare: Slot = noSlot;
  #kept: Slot = noSlot;

  constructor(slots: number, isHeld: (fingerprint: number) => boolean) {
    this.#links = new SlotLinks(slots);
    this.#isHeld = isHeld;
    this.#entries = new SlotInts(2, slots);
  }

  /** From now on that ghost. O(n), and the cache is small. */
  follow(isHeld: (fingerprint: number) => boolean): void {
    this.#isHeld = isHeld;
    for (const slot of [...this.slots()]) this.touch(slot);
  }

  /** The ghost holds it no more. */
  letGo(fingerprint: number): void {
    const slot = this.#slotOf.get(fingerprint);
    if (slot !== undefined) this.touch(slot);
  }

  grow(slots: number): void {
    this.#links.grow(slots);
    this.#entries.grow(slots);
  }

  resize(): void {}

  expect(): void {}

  add(slot: Slot, { fingerprint }: Arrival): void {
    this.#slotOf.set(fingerprint, slot);
    this.#entries.set(slot, fingerprintWord, fingerprint);
    this.#enter(slot);
  }

  touch(slot: Slot): void {
    this.#leave(slot);
    this.#enter(slot);
  }

  remove(slot: Slot): void {
    this.#leave(slot);
    this.#slotOf.delete(this.#fingerprintOf(slot));
  }

  lift(slot: Slot): void {
    this.remove(slot);
  }

  lower(_lifted: Slot, slot: Slot, arrival: Arrival): void {
    this.add(slot, arrival);
  }

  evict(): Slot {
    const slot = this.#spare === noSlot ? this.#kept : this.#spare;
    if (slot !== noSlot) this.remove(slot);
    return slot;
  }

  *slots(): Generator<Slot> {
    yield* this.#links.walk(this.#spare);
    yield* this.#links.walk(this.#kept);
  }

  #enter(slot: Slot): void {
    const isKept = this.#isHeld(this.#fingerprintOf(slot));
    this.#entries.set(slot, keptWord, isKept ? 1 : 0);
    if (isKept) this.#kept = this.#links.append(this.#kept, slot);
    else this.#spare = this.#links.append(this.#spare, slot);
  }

  #fingerprintOf(slot: Slot): number {
    return this.#entries.get(slot, fingerprintWord) >>> 0;
  }

  #leave(slot: Slot): void {
    if (this.#entries.get(slot, keptWord) === 1) this.#kept = this.#links.remove(this.#kept, slot);
    else this.#spare = this.#links.remove(this.#spare, slot);
  }
}
