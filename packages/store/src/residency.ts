import assert from "node:assert";
import { noSlot, type Slot } from "./slot.ts";
import { SlotPool } from "./slot-pool.ts";
import type { ValueMemory } from "./value-memory.ts";

/**
 * Which slots have memory, and who keeps it.
 *
 * A slot is free, *settled* (its entry can be found), or *detached*: its entry was evicted,
 * replaced, deleted or expired, while somebody holds the value; it goes with the last hold.
 *
 * Invariant: `usedBytes` is the sum of the charges of all slots that are not free, `heldBytes` of
 * those that are held.
 */
export class Residency {
  readonly #memory: ValueMemory;
  readonly #pool: SlotPool;
  /** How often a slot is held; few are, as a hold lasts as long as a write to a socket. */
  readonly #holds = new Map<Slot, number>();
  readonly #detached = new Set<Slot>();
  #usedBytes = 0;
  #heldBytes = 0;
  #detachedBytes = 0;

  constructor(slots: number, memory: ValueMemory) {
    this.#memory = memory;
    this.#pool = new SlotPool(slots);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** What entries have that can be found. */
  get settledBytes(): number {
    return this.#usedBytes - this.#detachedBytes;
  }

  /** What no eviction can free. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get isExhausted(): boolean {
    return this.#pool.isExhausted;
  }

  get slots(): number {
    return this.#pool.slots;
  }

  grow(slots: number): void {
    this.#pool.grow(slots);
  }

  chargeOf(slot: Slot): number {
    return this.#memory.chargeOf(slot);
  }

  chargeBytes(valueBytes: number): number {
    return this.#memory.chargeBytes(valueBytes);
  }

  read(slot: Slot): Uint8Array {
    return this.#memory.read(slot);
  }

  borrow(slot: Slot): Uint8Array {
    return this.#memory.borrow(slot);
  }

  /** The slot that a value has now; `noSlot`, and nothing changes, where there is no memory. */
  settle(value: Uint8Array): Slot {
    const slot = this.#pool.take();
    if (!this.#memory.write(slot, value)) {
      this.#pool.give(slot);
      return noSlot;
    }
    this.#usedBytes += this.#memory.chargeOf(slot);
    return slot;
  }

  /** The slot's entry is gone. */
  leave(slot: Slot): void {
    if (!this.#holds.has(slot)) {
      this.#free(slot);
      return;
    }
    this.#detached.add(slot);
    this.#detachedBytes += this.#memory.chargeOf(slot);
  }

  hold(slot: Slot): void {
    const holds = this.#holds.get(slot) ?? 0;
    if (holds === 0) this.#heldBytes += this.#memory.chargeOf(slot);
    this.#holds.set(slot, holds + 1);
  }

  release(slot: Slot): void {
    const holds = (this.#holds.get(slot) ?? 0) - 1;
    if (holds > 0) {
      this.#holds.set(slot, holds);
      return;
    }
    this.#holds.delete(slot);
    this.#heldBytes -= this.#memory.chargeOf(slot);
    if (!this.#detached.delete(slot)) return;
    this.#detachedBytes -= this.#memory.chargeOf(slot);
    this.#free(slot);
  }

  /** Throws unless the books agree with the slots that the index says are settled. */
  validate(settled: ReadonlySet<Slot>): void {
    let [used, held, detached] = [0, 0, 0];
    for (const slot of [...settled, ...this.#detached]) {
      const charge = this.#memory.chargeOf(slot);
      used += charge;
      if (this.#holds.has(slot)) held += charge;
      if (this.#detached.has(slot)) detached += charge;
    }
    assert.equal(this.#usedBytes, used, "used bytes are those of all slots");
    assert.equal(this.#heldBytes, held, "held bytes are those of held slots");
    assert.equal(this.#detachedBytes, detached, "detached bytes are those of detached slots");
    for (const slot of this.#detached) {
      assert(!settled.has(slot), `slot ${slot} is detached and can be found`);
      assert(this.#holds.has(slot), `slot ${slot} is detached, and held by nobody`);
    }
    this.#memory.validate([...settled, ...this.#detached]);
    assert.equal(this.#pool.taken, settled.size + this.#detached.size, "no slot is lost");
    for (const slot of this.#pool.returned()) {
      assert(!this.#memory.has(slot) && !this.#holds.has(slot), `slot ${slot} is not free`);
      assert(!settled.has(slot) && !this.#detached.has(slot), `slot ${slot} is free and in use`);
    }
  }

  #free(slot: Slot): void {
    this.#usedBytes -= this.#memory.chargeOf(slot);
    this.#memory.free(slot);
    this.#pool.give(slot);
  }
}
