import assert from "node:assert";
import { noSlot, type Slot } from "../slot.ts";
import { moreSlots, SlotInts } from "../slot-arrays.ts";
import { SlotLinks } from "../slot-links.ts";
import { SlotPool } from "../slot-pool.ts";
import { SlotTable } from "../slot-table.ts";

const leastPlaces = 64;
/** The words of a ghost. */
const [fingerprintWord, sizeWord] = [0, 1];

/**
 * Who was evicted lately: fingerprints, first in first out, up to a sum of sizes. About 30 bytes
 * each: a list in order of coming, and a table of places in it.
 */
export class GhostQueue {
  #capacity: number;
  readonly #ghosts = new SlotInts(2, leastPlaces);
  readonly #links = new SlotLinks(leastPlaces);
  readonly #pool = new SlotPool(leastPlaces);
  readonly #table = new SlotTable(this.#ghosts, 1, hashOf);
  readonly #wanted = new Int32Array(1);
  #oldest = noSlot;
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  resize(capacity: number): void {
    this.#capacity = capacity;
    while (this.#size > capacity) this.#drop(this.#oldest);
  }

  /** Adds what is not there; the oldest go. */
  add(fingerprint: number, size: number): void {
    if (size > this.#capacity || this.#find(fingerprint) !== noSlot) return;
    while (this.#size + size > this.#capacity) this.#drop(this.#oldest);
    if (this.#pool.isExhausted) this.#grow();
    const ghost = this.#pool.take();
    this.#ghosts.set(ghost, fingerprintWord, fingerprint);
    this.#ghosts.set(ghost, sizeWord, size);
    this.#table.add(ghost);
    this.#oldest = this.#links.append(this.#oldest, ghost);
    this.#size += size;
  }

  /** Takes it out; whether it was there. */
  take(fingerprint: number): boolean {
    const ghost = this.#find(fingerprint);
    if (ghost === noSlot) return false;
    this.#drop(ghost);
    return true;
  }

  /** Oldest first, the table checked. For validation. */
  *fingerprints(): Generator<number> {
    let size = 0;
    const listed = new Set(this.#table.slots());
    for (const ghost of this.#links.walk(this.#oldest)) {
      assert(listed.delete(ghost), "a ghost is in the table");
      size += this.#ghosts.get(ghost, sizeWord) >>> 0;
      yield this.#ghosts.get(ghost, fingerprintWord) >>> 0;
    }
    assert.equal(listed.size, 0, "every ghost has its place");
    assert(size === this.#size && size <= this.#capacity, "ghosts add up to their size");
  }

  #drop(ghost: Slot): void {
    this.#table.remove(ghost);
    this.#oldest = this.#links.remove(this.#oldest, ghost);
    this.#size -= this.#ghosts.get(ghost, sizeWord) >>> 0;
    this.#pool.give(ghost);
  }

  #find(fingerprint: number): Slot {
    this.#wanted[0] = fingerprint;
    return this.#table.find(this.#wanted, hashOf(this.#wanted, 0));
  }

  #grow(): void {
    const places = moreSlots(this.#pool.slots);
    this.#ghosts.grow(places);
    this.#links.grow(places);
    this.#pool.grow(places);
  }
}

/** A fingerprint may be a number that counts up: all bits of the hash depend on all of its. */
function hashOf(words: Int32Array, at: number): number {
  let hash = words[at] as number;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
