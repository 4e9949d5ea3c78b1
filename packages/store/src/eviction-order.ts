import type { Slot } from "./slot.ts";

/** Who goes next: all that tells one policy from another. All operations but `slots` are O(1). */
export interface EvictionOrder {
  grow(slots: number): void;
  add(slot: Slot): void;
  /** It was asked for, and given. */
  touch(slot: Slot): void;
  /** A new value came for the key of `from`, and is in `to`: `from` leaves the order, if it is not the same. */
  replace(from: Slot, to: Slot): void;
  remove(slot: Slot): void;
  /** The first to go other than `spared`; `noSlot` when there is no other. */
  victim(spared: Slot): Slot;
  /** All slots in the order in which they would go, the structure checked. For validation. */
  slots(): Iterable<Slot>;
}
