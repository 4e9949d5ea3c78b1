const rows = 4;
const countersPerWord = 8;
const counterMask = 0xf;
const mostCount = 15;
/** Odd multipliers, one per row (the primes of xxHash and MurmurHash3). */
const rowSeeds = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f] as const;
/** Counters of a row per key that it is made for. */
const width = 4;
const sampleFactor = 10;
const leastKeys = 16;

/**
 * How often a key was seen lately: a count-min sketch of 4 rows of 4-bit counters, 8 bytes per key
 * that it is made for. All are halved once there were ten times as many increments as keys, so what
 * was popular once is forgotten (Einziger, Friedman, Manes: "TinyLFU: a highly efficient cache
 * admission policy", ACM Transactions on Storage 13(4), 2017).
 */
export class FrequencySketch {
  #words = new Uint32Array(0);
  #rowMask = 0;
  #sampleSize = 0;
  #increments = 0;

  /** For about so many keys in the cache, and with counters for `places`, where these are less. */
  constructor(keys: number, places: number = keys) {
    this.grow(places);
    this.#sampleSize = sampleFactor * Math.max(1, keys);
  }

  /** For more keys; what was counted stays counted. */
  grow(keys: number): void {
    this.#sampleSize = sampleFactor * Math.max(1, keys);
    const rowLength = 2 ** Math.ceil(Math.log2(width * Math.max(leastKeys, keys)));
    if (rowLength === this.#rowMask + 1) return;
    const larger = new Uint32Array((rows * rowLength) / countersPerWord);
    // A row is indexed by low bits: with one more of them a key's counter is in either copy.
    const oldWords = this.#words.length / rows;
    const newWords = larger.length / rows;
    for (let row = 0; row < rows && oldWords > 0; row++) {
      const old = this.#words.subarray(row * oldWords, (row + 1) * oldWords);
      for (let at = 0; at < newWords; at += oldWords) larger.set(old, row * newWords + at);
    }
    this.#words = larger;
    this.#rowMask = rowLength - 1;
  }

  /** The cache has so many times the keys now: counts are kept for as many times the increments. */
  rescale(factor: number): void {
    this.#sampleSize *= factor;
  }

  increment(fingerprint: number): void {
    let wasCounted = false;
    for (let row = 0; row < rows; row++) {
      const counter = this.#counterOf(fingerprint, row);
      const word = counter >>> 3;
      const shift = (counter & 7) << 2;
      const count = ((this.#words[word] as number) >>> shift) & counterMask;
      if (count === mostCount) continue;
      this.#words[word] = (this.#words[word] as number) + (1 << shift);
      wasCounted = true;
    }
    if (!wasCounted) return;
    this.#increments += 1;
    if (this.#increments >= Math.max(sampleFactor, this.#sampleSize)) this.#halve();
  }

  /** At most 15, and never less than counted, but for halving. */
  estimate(fingerprint: number): number {
    let least = mostCount;
    for (let row = 0; row < rows; row++) {
      const counter = this.#counterOf(fingerprint, row);
      const count = ((this.#words[counter >>> 3] as number) >>> ((counter & 7) << 2)) & counterMask;
      if (count < least) least = count;
    }
    return least;
  }

  /** What halving rounds away counts as half an increment, spread over the rows. */
  #halve(): void {
    let odd = 0;
    for (let at = 0; at < this.#words.length; at++) {
      const word = this.#words[at] as number;
      odd += onesIn(word & 0x11111111);
      this.#words[at] = (word >>> 1) & 0x77777777;
    }
    this.#increments = (this.#increments - Math.floor(odd / rows)) >>> 1;
  }

  #counterOf(fingerprint: number, row: number): number {
    let hash = Math.imul(fingerprint ^ (rowSeeds[row] as number), 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15), rowSeeds[row] as number);
    hash ^= hash >>> 13;
    return row * (this.#rowMask + 1) + (hash & this.#rowMask);
  }
}

/** Of a word in which only every fourth bit may be set: at most 8, so the sum fits four bits. */
function onesIn(word: number): number {
  return Math.imul(word, 0x11111111) >>> 28;
}
