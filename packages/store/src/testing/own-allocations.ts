import assert from "node:assert";
import { entryBytes } from "../charge.ts";
import { entryRecords } from "../entry-records.ts";
import type { Slot } from "../slot.ts";
import type { PolicyChoice } from "../store.ts";
import type { ValueMemory } from "../value-memory.ts";

/** The plain twin of slabs: every value in an exact allocation of its own, at the same charge. */
export class OwnAllocations implements ValueMemory {
  readonly records = entryRecords();
  readonly #policy: PolicyChoice;
  readonly #values: (Uint8Array | undefined)[] = [];

  constructor(policy: PolicyChoice) {
    this.#policy = policy;
  }

  chargeBytes(valueBytes: number): number {
    return entryBytes(valueBytes, this.#policy);
  }

  chargeOf(slot: Slot): number {
    return entryBytes(this.read(slot).byteLength, this.#policy);
  }

  write(slot: Slot, value: Uint8Array): boolean {
    // Not `slice`: of a Buffer it would take a piece of the shared pool, or of the caller's memory.
    this.#values[slot] = new Uint8Array(value);
    return true;
  }

  read(slot: Slot): Uint8Array {
    const value = this.#values[slot];
    assert(value !== undefined, "only a slot with a value is read");
    return value;
  }

  borrow(slot: Slot): Uint8Array {
    return this.read(slot);
  }

  free(slot: Slot): void {
    this.#values[slot] = undefined;
  }

  has(slot: Slot): boolean {
    return this.#values[slot] !== undefined;
  }

  validate(slots: Iterable<Slot>): void {
    const expected = [...slots].sort((a, b) => a - b);
    assert.deepEqual(
      Object.keys(this.#values)
        .map(Number)
        .filter((slot) => this.has(slot as Slot)),
      expected,
    );
  }
}
