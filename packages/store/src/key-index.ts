import assert from "node:assert";
import type { Slot } from "./slot.ts";
import type { SlotInts } from "./slot-arrays.ts";
import { SlotTable } from "./slot-table.ts";

export const keyBytes = 32;
export const keyWords = keyBytes / 4;

/**
 * From keys to slots: a table of slots, and beside it the keys themselves, some 42 bytes an entry
 * outside the heap. A `Map` of strings takes some 110 on the heap, and every collection walks them.
 */
export class KeyIndex {
  /** Hidden, since tenants choose what is hashed: nobody may aim at one line of the table. */
  readonly #seed: number;
  readonly #keys: SlotInts;
  readonly #table: SlotTable;
  readonly #wanted = new Int32Array(keyWords);
  #fingerprint = 0;

  /** Keys are kept in the first words of `records`. */
  constructor(records: SlotInts, seed: number) {
    this.#seed = seed;
    this.#keys = records;
    this.#table = new SlotTable(this.#keys, keyWords, (words, at) => hashOf(words, at, seed));
  }

  get size(): number {
    return this.#table.size;
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
    return this.#table.find(wanted, hash);
  }

  /** The key must not be there. */
  add(key: Uint8Array, slot: Slot): void {
    readWords(key, this.#keys.words(slot), this.#keys.at(slot));
    this.#table.add(slot);
  }

  remove(slot: Slot): void {
    this.#table.remove(slot);
  }

  /** Writes the slot's key to where the words are to begin. */
  copyKey(slot: Slot, words: Int32Array, from: number): void {
    const keys = this.#keys.words(slot);
    const at = this.#keys.at(slot);
    for (let word = 0; word < keyWords; word++) words[from + word] = keys[at + word] as number;
  }

  /** The slots in the table, each checked to be found by its own key. */
  *slots(): Generator<Slot> {
    const words = new Int32Array(keyWords);
    for (const slot of this.#table.slots()) {
      this.copyKey(slot, words, 0);
      const found = this.find(new Uint8Array(words.buffer));
      assert(found === slot, `slot ${slot} is not found by its key`);
      yield slot;
    }
  }
}

/** Little-endian, wherever in its buffer the key lies. */
function readWords(key: Uint8Array, words: Int32Array, from: number): void {
  assert(key.byteLength === keyBytes, "a key has 32 bytes");
  for (let word = 0, at = 0; word < keyWords; word++, at += 4) {
    const low = (key[at] as number) | ((key[at + 1] as number) << 8);
    words[from + word] = low | ((key[at + 2] as number) << 16) | ((key[at + 3] as number) << 24);
  }
}

/** All words count, and the low bits of the result depend on all bits of each. */
export function hashOf(words: Int32Array, from: number, seed: number): number {
  let hash = seed;
  for (let word = 0; word < keyWords; word++) {
    hash = Math.imul(hash ^ (words[from + word] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  // Once more for the last word, whose high bits would not reach the low ones.
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
