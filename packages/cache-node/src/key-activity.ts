import { randomInt } from "node:crypto";
import { FrequencySketch } from "@kvring/store";

const leastKeys = 4_096;
/** 8 MiB of counters; beyond so many keys counts are shared, and so too high rather than too low. */
const mostKeys = 1 << 20;

/**
 * How often keys were asked for lately, whether they are here or not: what tells an answer that many
 * want from one that nobody asks for again. Counts go to 15, and are halved when ten times as many
 * were counted as there are keys (`FrequencySketch`).
 */
export class KeyActivity {
  readonly #sketch = new FrequencySketch(leastKeys);
  #keys = leastKeys;
  /** Nobody outside can choose keys that share their counts. */
  readonly #seed: number;

  constructor(seed: number = randomInt(2 ** 32)) {
    this.#seed = seed | 1;
  }

  /** `entries`: how many keys are about. */
  count(key: Uint8Array, entries: number): void {
    if (entries > this.#keys && this.#keys < mostKeys) {
      this.#keys *= 2;
      this.#sketch.grow(this.#keys);
    }
    this.#sketch.increment(this.#fingerprint(key));
  }

  asksOf(key: Uint8Array): number {
    return this.#sketch.estimate(this.#fingerprint(key));
  }

  /** Of a key that is a digest already. */
  #fingerprint(key: Uint8Array): number {
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    return (view.getUint32(0, true) ^ Math.imul(view.getUint32(4, true), this.#seed)) >>> 0;
  }
}
