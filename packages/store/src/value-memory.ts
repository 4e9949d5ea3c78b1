import type { Slot } from "./slot.ts";
import type { SlotInts } from "./slot-arrays.ts";

/**
 * Where values live, one per slot. The store decides what goes and when; this decides where the
 * bytes are and what they truly take.
 */
export interface ValueMemory {
  /** Those of the entries, `entryRecords`: where values are stands in them too. */
  readonly records: SlotInts;
  /** What an entry with such a value takes: value, key, and all that is kept beside them. */
  chargeBytes(valueBytes: number): number;
  /** The same for the value of a slot, as it lies. */
  chargeOf(slot: Slot): number;
  /**
   * Copies a value into a slot that has none. False, and nothing changes, where there is no memory
   * for it now: more has to be freed.
   */
  write(slot: Slot, value: Uint8Array): boolean;
  /** The value itself where it lies in one piece, otherwise a copy. */
  read(slot: Slot): Uint8Array;
  /** The same, valid until the next call of any method: copies use one memory in turn. */
  borrow(slot: Slot): Uint8Array;
  free(slot: Slot): void;
  /** Whether the slot has a value. For validation. */
  has(slot: Slot): boolean;
  /** Throws unless the memory is exactly what these slots have and what is free. */
  validate(slots: Iterable<Slot>): void;
}
