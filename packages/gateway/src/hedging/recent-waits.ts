/** Waits that are remembered, and how many come in between two looks at them. */
const remembered = 256;
const perLook = 16;

/**
 * A quantile of the last 256 waits, in milliseconds; looked at anew with every sixteenth, so that a
 * wait costs a store and the sorting a quarter of a microsecond on top.
 */
export class RecentWaits {
  readonly #quantile: number;
  readonly #waits = new Float64Array(remembered);
  #count = 0;
  #seen: number | undefined;

  constructor(quantile: number) {
    this.#quantile = quantile;
  }

  /** Undefined until sixteen waits are known. */
  get quantileMs(): number | undefined {
    return this.#seen;
  }

  add(waitMs: number): void {
    this.#waits[this.#count % remembered] = waitMs;
    this.#count += 1;
    if (this.#count % perLook !== 0) return;
    const sorted = this.#waits.slice(0, Math.min(this.#count, remembered)).sort();
    this.#seen = sorted[Math.ceil(this.#quantile * sorted.length) - 1];
  }
}
