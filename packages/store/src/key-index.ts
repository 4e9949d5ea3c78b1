import assert from "node:assert";
import { noSlot, type Slot } from "./slot.ts";

export const keyBytes = 32;
export const keyWords = keyBytes / 4;

/**
 * From keys to slots: an open-addressed table with linear probing beside the keys themselves,
 * 40–48 bytes an entry outside the heap. A `Map` of strings takes some 110 on the heap, and every
 * collection walks them.
 *
 * Deleting shifts what follows backwards (Knuth 6.4, algorithm R), so there are no tombstones and
 * a look-up costs the same after any number of evictions. The table is at most half full.
 */
export class KeyIndex {
  /** Hidden, since tenants choose what is hashed: nobody may aim at one chain. */
  readonly #seed: number;
  readonly #wanted = new Uint32Array(keyWords);
  #keys: Uint32Array;
  #table: Int32Array;
  #mask: number;
  #size = 0;
  #fingerprint = 0;

  constructor(slots: number, seed: number) {
    this.#seed = seed;
    this.#keys = new Uint32Array(slots * keyWords);
    this.#table = emptyTable(slots);
    this.#mask = this.#table.length - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** 32 bits of the key that was looked for last. */
  get fingerprint(): number {
    return this.#fingerprint;
  }

  /** The slot of a key, or `noSlot`. */
  find(key: Uint8Array): Slot {
    const wanted = this.#wanted;
    readWords(key, wanted, 0);
    const hash = hashOf(wanted, 0, this.#seed);
    this.#fingerprint = hash >>> 0;
    let at = hash & this.#mask;
    for (;;) {
      const slot = this.#table[at] as Slot;
      if (slot === noSlot || sameKey(this.#keys, slot * keyWords, wanted)) return slot;
      at = (at + 1) & this.#mask;
    }
  }

  /** The key must not be there. */
  add(key: Uint8Array, slot: Slot): void {
    readWords(key, this.#keys, slot * keyWords);
    this.#enter(slot);
    this.#size += 1;
  }

  remove(slot: Slot): void {
    const table = this.#table;
    const mask = this.#mask;
    let hole = this.#home(slot);
    while (table[hole] !== slot) {
      assert(table[hole] !== noSlot, "only what was added is removed");
      hole = (hole + 1) & mask;
    }
    for (let at = (hole + 1) & mask; table[at] !== noSlot; at = (at + 1) & mask) {
      const other = table[at] as Slot;
      // It may not move to before its home, where no probe would find it.
      if (((at - this.#home(other)) & mask) < ((at - hole) & mask)) continue;
      table[hole] = other;
      hole = at;
    }
    table[hole] = noSlot;
    this.#size -= 1;
  }

  grow(slots: number): void {
    const keys = new Uint32Array(slots * keyWords);
    keys.set(this.#keys);
    this.#keys = keys;
    const old = this.#table;
    this.#table = emptyTable(slots);
    this.#mask = this.#table.length - 1;
    for (const slot of old) if (slot !== noSlot) this.#enter(slot as Slot);
  }

  /** Writes the slot's key to where the words are to begin. */
  copyKey(slot: Slot, words: Uint32Array, from: number): void {
    const at = slot * keyWords;
    for (let word = 0; word < keyWords; word++)
      words[from + word] = this.#keys[at + word] as number;
  }

  /** The slots in the table, each checked to be found by its own key. */
  *slots(): Generator<Slot> {
    let count = 0;
    for (const slot of this.#table) {
      if (slot === noSlot) continue;
      const from = slot * keyWords;
      const words = this.#keys.slice(from, from + keyWords);
      assert(
        this.find(new Uint8Array(words.buffer)) === slot,
        `slot ${slot} is not found by its key`,
      );
      count += 1;
      yield slot as Slot;
    }
    assert(count === this.#size, `the index counts ${this.#size} keys and has ${count}`);
  }

  #enter(slot: Slot): void {
    let at = this.#home(slot);
    while (this.#table[at] !== noSlot) at = (at + 1) & this.#mask;
    this.#table[at] = slot;
  }

  #home(slot: Slot): number {
    return hashOf(this.#keys, slot * keyWords, this.#seed) & this.#mask;
  }
}

function emptyTable(slots: number): Int32Array {
  return new Int32Array(2 ** Math.ceil(Math.log2(2 * slots)));
}

/** Little-endian, wherever in its buffer the key lies. */
function readWords(key: Uint8Array, words: Uint32Array, from: number): void {
  assert(key.byteLength === keyBytes, "a key has 32 bytes");
  for (let word = 0, at = 0; word < keyWords; word++, at += 4) {
    const low = (key[at] as number) | ((key[at + 1] as number) << 8);
    words[from + word] = low | ((key[at + 2] as number) << 16) | ((key[at + 3] as number) << 24);
  }
}

function sameKey(keys: Uint32Array, from: number, wanted: Uint32Array): boolean {
  for (let word = 0; word < keyWords; word++) {
    if (keys[from + word] !== wanted[word]) return false;
  }
  return true;
}

/** All words count, and the low bits of the result depend on all bits of each. */
export function hashOf(words: Uint32Array, from: number, seed: number): number {
  let hash = seed;
  for (let word = 0; word < keyWords; word++) {
    hash = Math.imul(hash ^ (words[from + word] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  // Once more for the last word, whose high bits would not reach the low ones.
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
