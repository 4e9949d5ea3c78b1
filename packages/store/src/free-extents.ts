import assert from "node:assert";
import { type Address, nowhere, type Slabs } from "./slabs.ts";

/** Sizes below this have a class each; above, a class spans a sixteenth of its power of two. */
const exactSizes = 16;
const subdivisionBits = 4;
const classes = 32 * exactSizes;
/** Of a class that may hold smaller extents, so many are looked at. */
const tries = 8;

const nextWord = 1;
const previousWord = 2;

/**
 * Free extents by size, found in O(1): lists per class of sizes, and a bit per list that is not
 * empty (Masmano, Ripoll, Crespo, Real: "TLSF: a new dynamic memory allocator for real-time
 * systems", ECRTS 2004). The links stand in the free memory itself; the head of an extent, which
 * says how long it is, belongs to `ExtentHeap`.
 */
export class FreeExtents {
  readonly #slabs: Slabs;
  readonly #sizeOf: (address: Address) => number;
  readonly #first = new Uint32Array(classes);
  readonly #occupied = new Uint32Array(classes / 32);

  constructor(slabs: Slabs, sizeOf: (address: Address) => number) {
    this.#slabs = slabs;
    this.#sizeOf = sizeOf;
  }

  add(address: Address): void {
    const at = classOf(this.#sizeOf(address));
    const next = this.#first[at] as Address;
    this.#slabs.setWord(address, nextWord, next);
    this.#slabs.setWord(address, previousWord, nowhere);
    if (next !== nowhere) this.#slabs.setWord(next, previousWord, address);
    this.#first[at] = address;
    this.#occupied[at >>> 5] = (this.#occupied[at >>> 5] as number) | (1 << (at & 31));
  }

  remove(address: Address): void {
    const next = this.#slabs.word(address, nextWord);
    const previous = this.#slabs.word(address, previousWord);
    if (next !== nowhere) this.#slabs.setWord(next, previousWord, previous);
    if (previous !== nowhere) {
      this.#slabs.setWord(previous, nextWord, next);
      return;
    }
    const at = classOf(this.#sizeOf(address));
    this.#first[at] = next;
    if (next !== nowhere) return;
    this.#occupied[at >>> 5] = (this.#occupied[at >>> 5] as number) & ~(1 << (at & 31));
  }

  /** An extent of at least so many granules, of nearly that size if there is one; or `nowhere`. */
  find(granules: number): Address {
    const own = classOf(granules);
    let candidate = this.#first[own] as Address;
    for (let tried = 0; tried < tries && candidate !== nowhere; tried++) {
      if (this.#sizeOf(candidate) >= granules) return candidate;
      candidate = this.#slabs.word(candidate, nextWord);
    }
    return this.#first[this.#occupiedFrom(own + 1)] ?? nowhere;
  }

  /** One of the largest class; `nowhere` when nothing is free. */
  large(): Address {
    for (let word = this.#occupied.length - 1; word >= 0; word--) {
      const bits = this.#occupied[word] as number;
      if (bits !== 0) return this.#first[word * 32 + 31 - Math.clz32(bits)] as Address;
    }
    return nowhere;
  }

  /** All of them, links and classes checked. */
  *walk(): Generator<Address> {
    for (const [at, first] of this.#first.entries()) {
      const bit = ((this.#occupied[at >>> 5] as number) >>> (at & 31)) & 1;
      assert.equal(bit === 1, first !== nowhere, `the bit of class ${at} tells of its list`);
      let previous = nowhere;
      for (let extent = first; extent !== nowhere; extent = this.#slabs.word(extent, nextWord)) {
        assert.equal(this.#slabs.word(extent, previousWord), previous, "free lists link both ways");
        assert.equal(classOf(this.#sizeOf(extent)), at, `a free extent is in its class`);
        yield extent;
        previous = extent;
      }
    }
  }

  #occupiedFrom(at: number): number {
    let word = at >>> 5;
    let bits = (this.#occupied[word] as number) & (-1 << (at & 31));
    while (bits === 0) {
      word += 1;
      if (word === this.#occupied.length) return classes;
      bits = this.#occupied[word] as number;
    }
    return word * 32 + 31 - Math.clz32(bits & -bits);
  }
}

function classOf(granules: number): number {
  if (granules < exactSizes) return granules;
  const power = 31 - Math.clz32(granules);
  const within = (granules >>> (power - subdivisionBits)) & (exactSizes - 1);
  return (power - subdivisionBits + 1) * exactSizes + within;
}
