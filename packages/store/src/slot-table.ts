import assert from "node:assert";
import { noSlot, type Slot } from "./slot.ts";
import { moreSlots, SlotInts } from "./slot-arrays.ts";
import { SlotPool } from "./slot-pool.ts";

/** A line of the processor's cache: tags of 8 bits, slots, and the number of the line that goes on. */
const lineWords = 16;
const tagWords = 3;
const places = 4 * tagWords;
const nextWord = lineWords - 1;
const noLine = 0 as Slot;

/** Slots of a line on average. With more, too many go on elsewhere; with fewer, memory is wasted. */
const fill = 7;

const inEachByte = 0x01010101;
const highBits = 0x80808080;

/**
 * From hashes to slots: linear hashing (Litwin: "Linear hashing: a new tool for file and table
 * addressing", VLDB 1980) over lines of 64 bytes. There is never a table that is full and must be
 * moved: every few additions one line is divided in two. So an addition moves a dozen slots at
 * most, and memory grows with the number of slots, some 10 bytes each.
 *
 * A line has a byte of the hash beside each of its slots, compared four at a time, so that nearly
 * no key is read but the one that is wanted. Where a line is full it goes on in another.
 *
 * The table does not keep hashes: that of a slot is computed again when its line is divided.
 */
export class SlotTable {
  readonly #keys: SlotInts;
  readonly #keyWords: number;
  readonly #hashOf: (words: Int32Array, at: number) => number;
  readonly #lines = new SlotInts(lineWords, 1);
  /** Lines where others go on; 0 is none. */
  readonly #further = new SlotInts(lineWords, 2);
  readonly #pool = new SlotPool(2);
  readonly #moving: Slot[] = [];
  #count = 1;
  /** The least power of two that is not below the number of lines, minus 1. */
  #mask = 0;
  #size = 0;

  /** A slot's record in `keys` begins with its key. */
  constructor(keys: SlotInts, keyWords: number, hashOf: (words: Int32Array, at: number) => number) {
    this.#keys = keys;
    this.#keyWords = keyWords;
    this.#hashOf = hashOf;
  }

  get size(): number {
    return this.#size;
  }

  /** What it takes now. */
  get bytes(): number {
    return 4 * lineWords * (this.#count + this.#pool.taken);
  }

  /** The slot with that key, whose hash it is, or `noSlot`. */
  find(key: Int32Array, hash: number): Slot {
    const pattern = Math.imul(hash >>> 24, inEachByte);
    const line = this.#lineOf(hash);
    let words = this.#lines.words(line);
    let at = this.#lines.at(line);
    for (;;) {
      for (let group = 0; group < tagWords; group++) {
        const differing = (words[at + group] as number) ^ pattern;
        // The high bit of every byte that is 0, and now and then of one after it.
        let equal = (differing - inEachByte) & ~differing & highBits;
        while (equal !== 0) {
          const place = 4 * group + ((31 - Math.clz32(equal & -equal)) >>> 3);
          const slot = words[at + tagWords + place] as Slot;
          if (slot !== noSlot && this.#has(slot, key)) return slot;
          equal &= equal - 1;
        }
      }
      const next = words[at + nextWord] as number;
      if (next === noLine) return noSlot;
      words = this.#further.words(next);
      at = this.#further.at(next);
    }
  }

  add(slot: Slot): void {
    this.#size += 1;
    if (this.#size > fill * this.#count) this.#divide();
    this.#enter(slot);
  }

  /** The slot must be there. */
  remove(slot: Slot): void {
    const line = this.#lineOf(this.#hash(slot));
    let words = this.#lines.words(line);
    let at = this.#lines.at(line);
    let place = placeOf(slot, words, at);
    let [holeWords, holeAt] = [words, at];
    let [beforeWords, beforeAt, last] = [words, at, noLine];
    // To the end of the line, whose last slot comes to where this one was.
    for (let next = words[at + nextWord] as Slot; next !== noLine; ) {
      [beforeWords, beforeAt, last] = [words, at, next];
      words = this.#further.words(next);
      at = this.#further.at(next);
      next = words[at + nextWord] as Slot;
      if (place < places) continue;
      place = placeOf(slot, words, at);
      [holeWords, holeAt] = [words, at];
    }
    assert(place < places, "only what was added is removed");
    const end = placeOf(noSlot, words, at) - 1;
    set(holeWords, holeAt, place, words[at + tagWords + end] as Slot, tagAt(words, at, end));
    set(words, at, end, noSlot, 0);
    this.#size -= 1;
    if (end > 0 || last === noLine) return;
    beforeWords[beforeAt + nextWord] = noLine;
    this.#pool.give(last);
  }

  /** All slots, each checked to be where its hash is looked for. For validation. */
  *slots(): Generator<Slot> {
    let [count, further] = [0, 0];
    for (let line = 0; line < this.#count; line++) {
      for (const { words, at, next } of this.#walk(line)) {
        const end = placeOf(noSlot, words, at);
        assert(next === noLine || end === places, "a line goes on where it is full");
        for (let place = 0; place < end; place++) {
          const slot = words[at + tagWords + place] as Slot;
          const hash = this.#hash(slot);
          assert.equal(this.#lineOf(hash), line, `slot ${slot} is in another line`);
          assert.equal(tagAt(words, at, place), hash >>> 24, `slot ${slot} has its tag`);
          count += 1;
          yield slot;
        }
        further += next === noLine ? 0 : 1;
      }
    }
    assert.equal(count, this.#size, `the table counts ${this.#size} slots and has ${count}`);
    assert.equal(further, this.#pool.taken, "no line is lost");
  }

  #lineOf(hash: number): number {
    const line = hash & this.#mask;
    // Lines that are not there yet are still part of the one that will be divided.
    return line < this.#count ? line : line & (this.#mask >>> 1);
  }

  #enter(slot: Slot): void {
    // Before lines are looked at: growing may move them.
    if (this.#pool.isExhausted) this.#growFurther();
    const hash = this.#hash(slot);
    const line = this.#lineOf(hash);
    let words = this.#lines.words(line);
    let at = this.#lines.at(line);
    while (words[at + tagWords + places - 1] !== noSlot) {
      let next = words[at + nextWord] as Slot;
      if (next === noLine) {
        next = this.#pool.take();
        words[at + nextWord] = next;
      }
      words = this.#further.words(next);
      at = this.#further.at(next);
    }
    set(words, at, placeOf(noSlot, words, at), slot, hash >>> 24);
  }

  /** One line more: it takes some of those that were in the line it has been part of. */
  #divide(): void {
    const line = this.#count;
    if (line === this.#lines.slots) this.#lines.grow(moreSlots(line));
    const from = this.#lineOf(line);
    this.#count += 1;
    if (line > this.#mask) this.#mask = 2 * this.#mask + 1;
    const moving = this.#empty(from);
    for (const slot of moving) this.#enter(slot);
    moving.length = 0;
  }

  /** The slots that were in a line, in an array that is used again. */
  #empty(line: number): Slot[] {
    const moving = this.#moving;
    let words = this.#lines.words(line);
    let at = this.#lines.at(line);
    for (;;) {
      for (let place = 0; place < places; place++) {
        const slot = words[at + tagWords + place] as Slot;
        if (slot !== noSlot) moving.push(slot);
      }
      const next = words[at + nextWord] as Slot;
      words.fill(0, at, at + lineWords);
      if (next === noLine) return moving;
      words = this.#further.words(next);
      at = this.#further.at(next);
      this.#pool.give(next);
    }
  }

  #has(slot: Slot, key: Int32Array): boolean {
    const words = this.#keys.words(slot);
    const at = this.#keys.at(slot);
    for (let word = 0; word < this.#keyWords; word++) {
      if (words[at + word] !== key[word]) return false;
    }
    return true;
  }

  #hash(slot: Slot): number {
    return this.#hashOf(this.#keys.words(slot), this.#keys.at(slot));
  }

  #growFurther(): void {
    const lines = moreSlots(this.#further.slots);
    this.#pool.grow(lines);
    this.#further.grow(lines);
  }

  *#walk(line: number): Generator<{ words: Int32Array; at: number; next: Slot }> {
    let words = this.#lines.words(line);
    let at = this.#lines.at(line);
    for (;;) {
      const next = words[at + nextWord] as Slot;
      yield { words, at, next };
      if (next === noLine) return;
      words = this.#further.words(next);
      at = this.#further.at(next);
    }
  }
}

/** Where a slot stands in a line; for `noSlot`, the first place that is free. */
function placeOf(slot: Slot, words: Int32Array, at: number): number {
  let place = 0;
  while (place < places && words[at + tagWords + place] !== slot) place += 1;
  return place;
}

function tagAt(words: Int32Array, at: number, place: number): number {
  return ((words[at + (place >>> 2)] as number) >>> (8 * (place & 3))) & 0xff;
}

function set(words: Int32Array, at: number, place: number, slot: Slot, tag: number): void {
  const word = at + (place >>> 2);
  const shift = 8 * (place & 3);
  words[word] = ((words[word] as number) & ~(0xff << shift)) | (tag << shift);
  words[at + tagWords + place] = slot;
}
