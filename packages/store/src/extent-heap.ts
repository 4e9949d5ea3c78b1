import assert from "node:assert";
import { FreeExtents } from "./free-extents.ts";
import { type Address, nowhere, type Slabs } from "./slabs.ts";

const headWord = 0;
const lastWord = 3;
const usedBit = 1;
const previousFreeBit = 2;
const sizeShift = 2;
/** The first granule of a slab, which makes address 0 nobody's, and the last, which ends it. */
const slabFrameGranules = 2;

/**
 * Gives extents of granules out of slabs and takes them back, joining neighbours, so that no two
 * free extents touch (boundary tags: Knuth 2.5, algorithm C). Both O(1).
 *
 * The first word of an extent is its head: granules, whether it is in use, and whether the one
 * before it is free. That one has its size in its last word too, where its successor finds it.
 */
export class ExtentHeap {
  readonly #slabs: Slabs;
  readonly #free: FreeExtents;
  #usedGranules = 0;
  #freeGranules = 0;

  constructor(slabs: Slabs) {
    this.#slabs = slabs;
    this.#free = new FreeExtents(slabs, (address) => this.sizeOf(address));
  }

  get freeGranules(): number {
    return this.#freeGranules;
  }

  get usedGranules(): number {
    return this.#usedGranules;
  }

  /** The longest extent that a slab can have. */
  static mostGranules(slabGranules: number): number {
    return slabGranules - slabFrameGranules;
  }

  sizeOf(address: Address): number {
    return this.#slabs.word(address, headWord) >>> sizeShift;
  }

  /** Brings a new slab of so many granules into use; false where there is none to be had. */
  grow(granules: number): boolean {
    if (granules <= slabFrameGranules || !this.#slabs.grow(granules)) return false;
    const start = this.#slabs.start(this.#slabs.count - 1);
    const free = granules - slabFrameGranules;
    this.#slabs.setWord(start + granules - 1, headWord, (1 << sizeShift) | usedBit);
    this.#giveBack(start + 1, free);
    return true;
  }

  /** An extent of exactly so many granules; `nowhere` if none is as long. */
  take(granules: number): Address {
    const address = this.#free.find(granules);
    return address === nowhere ? nowhere : this.#claim(address, granules);
  }

  /** An extent of at most so many granules, as long as can be had. */
  takePart(granules: number): Address {
    const address = this.#free.large();
    if (address === nowhere) return nowhere;
    return this.#claim(address, Math.min(granules, this.sizeOf(address)));
  }

  give(address: Address): void {
    const head = this.#slabs.word(address, headWord);
    assert((head & usedBit) !== 0, "only what was taken is given back");
    let granules = head >>> sizeShift;
    this.#usedGranules -= granules;
    let start = address;
    const next = address + granules;
    const nextHead = this.#slabs.word(next, headWord);
    if ((nextHead & usedBit) === 0) {
      this.#free.remove(next);
      this.#freeGranules -= nextHead >>> sizeShift;
      granules += nextHead >>> sizeShift;
    }
    if ((head & previousFreeBit) !== 0) {
      const before = this.#slabs.word(address - 1, lastWord);
      start = address - before;
      this.#free.remove(start);
      this.#freeGranules -= before;
      granules += before;
    }
    this.#giveBack(start, granules);
  }

  /** Throws unless slabs are covered by extents without a gap, and free ones are listed once. */
  validate(): void {
    const listed = new Set(this.#free.walk());
    let [used, free, seen] = [0, 0, 0];
    for (let slab = 0; slab < this.#slabs.count; slab++) {
      const end = this.#slabs.start(slab) + this.#slabs.granulesOf(slab) - 1;
      let isAfterFree = false;
      let at = this.#slabs.start(slab) + 1;
      while (at < end) {
        const head = this.#slabs.word(at, headWord);
        const granules = head >>> sizeShift;
        assert.equal((head & previousFreeBit) !== 0, isAfterFree, "an extent knows the one before");
        const isFree = (head & usedBit) === 0;
        assert(!(isFree && isAfterFree), "free neighbours are one extent");
        assert.equal(listed.has(at), isFree, "what is free is listed");
        if (isFree) assert.equal(this.#slabs.word(at + granules - 1, lastWord), granules);
        if (isFree) free += granules;
        else used += granules;
        seen += isFree ? 1 : 0;
        isAfterFree = isFree;
        at += granules;
      }
      assert.equal(at, end, "extents cover their slab");
    }
    assert.equal(listed.size, seen, "every listed extent lies in a slab");
    assert.deepEqual([this.#usedGranules, this.#freeGranules], [used, free], "granules add up");
  }

  /** Takes a free extent, or its first granules. */
  #claim(address: Address, granules: number): Address {
    this.#free.remove(address);
    const size = this.sizeOf(address);
    this.#freeGranules -= size;
    this.#usedGranules += granules;
    this.#slabs.setWord(address, headWord, (granules << sizeShift) | usedBit);
    if (size > granules) {
      this.#giveBack(address + granules, size - granules);
    } else {
      this.#markAfter(address + granules, 0);
    }
    return address;
  }

  #giveBack(address: Address, granules: number): void {
    // What is before it is in use, or the two would have been joined.
    this.#slabs.setWord(address, headWord, granules << sizeShift);
    this.#slabs.setWord(address + granules - 1, lastWord, granules);
    this.#markAfter(address + granules, previousFreeBit);
    this.#freeGranules += granules;
    this.#free.add(address);
  }

  #markAfter(next: Address, previousFree: number): void {
    const head = this.#slabs.word(next, headWord);
    this.#slabs.setWord(next, headWord, (head & ~previousFreeBit) | previousFree);
  }
}
