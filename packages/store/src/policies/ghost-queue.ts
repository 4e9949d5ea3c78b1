import assert from "node:assert";

const none = -1;
const leastPlaces = 64;

/**
 * Who was evicted lately: fingerprints, first in first out, up to a sum of sizes. About 20 bytes
 * each: a ring in order of coming, and an open-addressed table of places in it.
 *
 * A fingerprint that is taken out leaves an empty place (size 0) until it is the oldest.
 */
export class GhostQueue {
  readonly #capacity: number;
  #fingerprints = new Uint32Array(leastPlaces);
  #sizes = new Uint32Array(leastPlaces);
  #table = new Int32Array(2 * leastPlaces).fill(none);
  /** Places count on for ever; modulo the length of the ring they are where they are. */
  #oldest = 0;
  #end = 0;
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds what is not there; the oldest go. */
  add(fingerprint: number, size: number): void {
    if (size > this.#capacity || this.#find(fingerprint) !== none) return;
    while (this.#size + size > this.#capacity) this.#dropOldest();
    if (this.#end - this.#oldest === this.#sizes.length) this.#compact();
    const place = this.#end % this.#sizes.length;
    this.#fingerprints[place] = fingerprint;
    this.#sizes[place] = size;
    this.#enter(place);
    this.#end += 1;
    this.#size += size;
  }

  /** Takes it out; whether it was there. */
  take(fingerprint: number): boolean {
    const at = this.#find(fingerprint);
    if (at === none) return false;
    this.#clear(this.#table[at] as number, at);
    return true;
  }

  /** Oldest first, the table checked. For validation. */
  *fingerprints(): Generator<number> {
    let size = 0;
    for (let at = this.#oldest; at < this.#end; at++) {
      const place = at % this.#sizes.length;
      if (this.#sizes[place] === 0) continue;
      const fingerprint = this.#fingerprints[place] as number;
      assert.equal(this.#table[this.#find(fingerprint)], place, "a ghost is found at its place");
      size += this.#sizes[place] as number;
      yield fingerprint;
    }
    assert(size === this.#size && size <= this.#capacity, "ghosts add up to their size");
  }

  #dropOldest(): void {
    const place = this.#oldest % this.#sizes.length;
    this.#oldest += 1;
    if (this.#sizes[place] === 0) return;
    this.#clear(place, this.#find(this.#fingerprints[place] as number));
  }

  #clear(place: number, at: number): void {
    this.#size -= this.#sizes[place] as number;
    this.#sizes[place] = 0;
    this.#leave(at);
  }

  /** Empty places go; if that is not a quarter of them, the ring doubles. */
  #compact(): void {
    const kept: [number, number][] = [];
    for (let at = this.#oldest; at < this.#end; at++) {
      const place = at % this.#sizes.length;
      const size = this.#sizes[place] as number;
      if (size > 0) kept.push([this.#fingerprints[place] as number, size]);
    }
    const length = this.#sizes.length * (kept.length > 0.75 * this.#sizes.length ? 2 : 1);
    this.#fingerprints = new Uint32Array(length);
    this.#sizes = new Uint32Array(length);
    this.#table = new Int32Array(2 * length).fill(none);
    for (const [place, [fingerprint, size]] of kept.entries()) {
      this.#fingerprints[place] = fingerprint;
      this.#sizes[place] = size;
      this.#enter(place);
    }
    this.#oldest = 0;
    this.#end = kept.length;
  }

  #find(fingerprint: number): number {
    const mask = this.#table.length - 1;
    let at = homeOf(fingerprint) & mask;
    for (;;) {
      const place = this.#table[at] as number;
      if (place === none) return none;
      if (this.#fingerprints[place] === fingerprint) return at;
      at = (at + 1) & mask;
    }
  }

  #enter(place: number): void {
    const mask = this.#table.length - 1;
    let at = homeOf(this.#fingerprints[place] as number) & mask;
    while (this.#table[at] !== none) at = (at + 1) & mask;
    this.#table[at] = place;
  }

  /** Shifts what follows backwards, as `KeyIndex` does. */
  #leave(from: number): void {
    const mask = this.#table.length - 1;
    let hole = from;
    for (let at = (hole + 1) & mask; this.#table[at] !== none; at = (at + 1) & mask) {
      const place = this.#table[at] as number;
      const home = homeOf(this.#fingerprints[place] as number);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.#table[hole] = place;
      hole = at;
    }
    this.#table[hole] = none;
  }
}

function homeOf(fingerprint: number): number {
  const hash = Math.imul(fingerprint, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}
