import assert from "node:assert";
import { NumberHeap } from "../number-heap.ts";

const hashes = 2 ** 32;
/** Members that leave for a newcomer: so that a sample shrinks, and nobody waits for all of that. */
const mostLeave = 4;

/**
 * Which keys are looked at: those whose hash is below a threshold, so that a key is in the sample
 * with all of its requests or with none, and what a cache would do with the sample is what it would
 * do with all, on a smaller scale. At most `most` at once: when one more comes the threshold falls
 * to the highest hash there is, and that key leaves (Waldspurger, Park, Garthwaite, Ahmad:
 * "Efficient MRC construction with SHARDS", FAST 2015; its variant of fixed size).
 *
 * Up to `mostWhole` it is everything; once it cannot be, it is no better than one of `most`, and
 * shrinks to that, a few with every newcomer.
 *
 * Members are numbered from 0, and numbers are given again.
 */
export class KeySample {
  #most: number;
  readonly #mostSampled: number;
  readonly #numberOf = new Map<number, number>();
  readonly #fingerprints: number[] = [];
  readonly #hashes: number[] = [];
  readonly #free: number[] = [];
  /** The highest hash first. */
  readonly #heap = new NumberHeap(
    (a, b) => (this.#hashes[a] as number) > (this.#hashes[b] as number),
  );
  #threshold = hashes;

  constructor(most: number, mostWhole: number = most) {
    assert(most >= 2 && mostWhole >= most, "a sample has members");
    this.#most = mostWhole;
    this.#mostSampled = most;
  }

  /** The share of keys that is in it, > 0 and at most 1. */
  get rate(): number {
    return this.#threshold / hashes;
  }

  get size(): number {
    return this.#numberOf.size;
  }

  /** Of `sampleHash`. */
  includes(hash: number): boolean {
    return hash < this.#threshold;
  }

  find(fingerprint: number): number | undefined {
    return this.#numberOf.get(fingerprint);
  }

  fingerprintOf(number: number): number {
    return this.#fingerprints[number] as number;
  }

  /**
   * Makes it a member, where others may have to leave: `dismiss` is told their numbers first. The
   * number of the new one; undefined when it is itself beyond the threshold now.
   */
  admit(fingerprint: number, dismiss: (number: number) => void): number | undefined {
    const hash = sampleHash(fingerprint);
    for (let left = 0; left < mostLeave && this.size >= this.#most; left++) {
      this.#most = this.#mostSampled;
      const highest = this.#heap.first as number;
      // Two keys may share a hash: never below 1, or nobody would be left.
      this.#threshold = Math.max(1, Math.max(hash, this.#hashes[highest] as number));
      if (hash >= this.#threshold) return undefined;
      dismiss(highest);
      this.release(highest);
    }
    const number = this.#free.pop() ?? this.#fingerprints.length;
    this.#numberOf.set(fingerprint, number);
    this.#fingerprints[number] = fingerprint;
    this.#hashes[number] = hash;
    this.#heap.push(number);
    return number;
  }

  /** It is a member no more, until it comes again. */
  release(number: number): void {
    this.#heap.remove(number);
    this.#numberOf.delete(this.#fingerprints[number] as number);
    this.#free.push(number);
  }
}

/** Whether a key is in a sample of that share of all keys, as it is in a `KeySample` of that rate. */
export function isSampled(fingerprint: number, share: number): boolean {
  return sampleHash(fingerprint) < share * hashes;
}

/** The fingerprints of a trace are numbers in order, and a store's are only good in some bits. */
export function sampleHash(fingerprint: number): number {
  let hash = Math.imul(fingerprint ^ (fingerprint >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
