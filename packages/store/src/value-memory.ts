import assert from "node:assert";
import { keyBytes } from "./key-index.ts";
import type { Slot } from "./slot.ts";

/**
 * Where values live, one per slot. The store decides what goes and when; this decides where the
 * bytes are and what they truly take.
 */
export interface ValueMemory {
  /** What an entry with such a value takes: value, key, and all that is kept beside them. */
  chargeBytes(valueBytes: number): number;
  /** The same for the value of a slot. */
  chargeOf(slot: Slot): number;
  /** Copies a value into a slot that has none. */
  write(slot: Slot, value: Uint8Array): void;
  /** The value itself, not a copy. */
  read(slot: Slot): Uint8Array;
  free(slot: Slot): void;
  /** Whether the slot has a value. For validation. */
  has(slot: Slot): boolean;
}

/**
 * Bytes an entry takes beyond its key and value. Measured with a million entries of 100 B to 1 KB
 * and all three policies: the process grows by 505 to 605 bytes an entry beyond the value, key
 * included. About 200 of them are V8's two objects per allocation, 90 to 170 the slot arrays (just
 * before and just after they doubled), the rest the engine's and the allocator's own.
 */
const entryOverheadBytes = 512;

/** What an entry with a value of that size is charged. */
export function entryBytes(valueBytes: number): number {
  return keyBytes + valueBytes + entryOverheadBytes;
}

/** Every value in an exact allocation of its own. */
export class OwnAllocations implements ValueMemory {
  readonly #values: (Uint8Array | undefined)[] = [];

  chargeBytes(valueBytes: number): number {
    return entryBytes(valueBytes);
  }

  chargeOf(slot: Slot): number {
    return entryBytes(this.read(slot).byteLength);
  }

  write(slot: Slot, value: Uint8Array): void {
    // Not `slice`: of a Buffer it would take a piece of the shared pool, or of the caller's memory.
    this.#values[slot] = new Uint8Array(value);
  }

  read(slot: Slot): Uint8Array {
    const value = this.#values[slot];
    assert(value !== undefined, "only a slot with a value is read");
    return value;
  }

  free(slot: Slot): void {
    this.#values[slot] = undefined;
  }

  has(slot: Slot): boolean {
    return this.#values[slot] !== undefined;
  }
}
