import assert from "node:assert";
import { noSlot, type Slot } from "./slot.ts";

export const keyBytes = 32;
export const keyWords = keyBytes / 4;

/** As many tables as give each about so many keys in the end; and each begins with so few places. */
const keysPerTable = 4_096;
const leastTable = 8;

/**
 * From keys to slots: an open-addressed table with linear probing beside the keys themselves,
 * 40–48 bytes an entry outside the heap. A `Map` of strings takes some 110 on the heap, and every
 * collection walks them.
 *
 * Deleting shifts what follows backwards (Knuth 6.4, algorithm R), so there are no tombstones and
 * a look-up costs the same after any number of evictions.
 *
 * The table is divided into many by the high bits of the hash. Each is at most half full and
 * doubles for itself, which moves a few thousand keys at a time: one table of two million took a
 * put most of a second.
 */
export class KeyIndex {
  /** Hidden, since tenants choose what is hashed: nobody may aim at one chain. */
  readonly #seed: number;
  readonly #wanted = new Uint32Array(keyWords);
  #keys: Uint32Array;
  readonly #tables: Int32Array[];
  readonly #sizes: Int32Array;
  /** What is left of a hash is the number of its table; 32 when there is one. */
  readonly #shift: number;
  #size = 0;
  #fingerprint = 0;

  /** For so many slots to begin with, and at most `mostSlots`. */
  constructor(slots: number, seed: number, mostSlots: number = slots) {
    this.#seed = seed;
    this.#keys = new Uint32Array(slots * keyWords);
    const bits = Math.min(12, Math.max(0, Math.ceil(Math.log2(mostSlots / keysPerTable))));
    this.#shift = 32 - bits;
    this.#sizes = new Int32Array(2 ** bits);
    this.#tables = Array.from({ length: 2 ** bits }, () => new Int32Array(leastTable));
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
    const table = this.#tables[this.#numberOf(hash)] as Int32Array;
    const mask = table.length - 1;
    let at = hash & mask;
    for (;;) {
      const slot = table[at] as Slot;
      if (slot === noSlot || sameKey(this.#keys, slot * keyWords, wanted)) return slot;
      at = (at + 1) & mask;
    }
  }

  /** The key must not be there. */
  add(key: Uint8Array, slot: Slot): void {
    readWords(key, this.#keys, slot * keyWords);
    const number = this.#numberOf(this.#hashOf(slot));
    const size = (this.#sizes[number] as number) + 1;
    const table = this.#tables[number] as Int32Array;
    if (2 * size > table.length) this.#double(number);
    this.#enter(slot, this.#tables[number] as Int32Array);
    this.#sizes[number] = size;
    this.#size += 1;
  }

  remove(slot: Slot): void {
    const hash = this.#hashOf(slot);
    const number = this.#numberOf(hash);
    const table = this.#tables[number] as Int32Array;
    const mask = table.length - 1;
    let hole = hash & mask;
    while (table[hole] !== slot) {
      assert(table[hole] !== noSlot, "only what was added is removed");
      hole = (hole + 1) & mask;
    }
    for (let at = (hole + 1) & mask; table[at] !== noSlot; at = (at + 1) & mask) {
      const other = table[at] as Slot;
      // It may not move to before its home, where no probe would find it.
      if (((at - this.#hashOf(other)) & mask) < ((at - hole) & mask)) continue;
      table[hole] = other;
      hole = at;
    }
    table[hole] = noSlot;
    this.#sizes[number] = (this.#sizes[number] as number) - 1;
    this.#size -= 1;
  }

  grow(slots: number): void {
    const keys = new Uint32Array(slots * keyWords);
    keys.set(this.#keys);
    this.#keys = keys;
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
    for (const slot of this.#tables.flatMap((table) => [...table])) {
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

  #double(number: number): void {
    const old = this.#tables[number] as Int32Array;
    const table = new Int32Array(2 * old.length);
    for (const slot of old) if (slot !== noSlot) this.#enter(slot as Slot, table);
    this.#tables[number] = table;
  }

  #enter(slot: Slot, table: Int32Array): void {
    const mask = table.length - 1;
    let at = this.#hashOf(slot) & mask;
    while (table[at] !== noSlot) at = (at + 1) & mask;
    table[at] = slot;
  }

  #numberOf(hash: number): number {
    // Shifting by 32 would shift by none.
    return this.#shift === 32 ? 0 : hash >>> this.#shift;
  }

  #hashOf(slot: Slot): number {
    return hashOf(this.#keys, slot * keyWords, this.#seed);
  }
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
