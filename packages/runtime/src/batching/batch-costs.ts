/** Of the time that larger batches save, what is too little to make rows wait for each other. */
const margin = 0.05;
const weight = 1 / 8;
/** After so many batches what larger ones cost is forgotten, so that they are tried again. */
const memory = 512;

/**
 * What batches of each size take, learned while they run: the mean time per row, by powers of two.
 * Sizes not tried yet are taken for better than all others, so they are, once, when enough waits.
 */
export class BatchCosts {
  /** [i] is of batches from 2^i rows on; NaN: not known. */
  readonly #rowMs: number[] = [];
  readonly #maxSize: number;
  #observed = 0;

  constructor(maxSize: number, measured: ReadonlyMap<number, number> = new Map()) {
    this.#maxSize = maxSize;
    for (let index = 0; index <= bucketOf(maxSize); index += 1) this.#rowMs.push(Number.NaN);
    // Of one bucket the largest comes last, and counts.
    for (const [rows, ms] of [...measured].sort(([a], [b]) => a - b)) {
      if (rows <= maxSize) this.#rowMs[bucketOf(rows)] = ms / rows;
    }
  }

  observe(rows: number, ms: number): void {
    const index = bucketOf(Math.min(rows, this.#maxSize));
    const before = this.#rowMs[index] ?? Number.NaN;
    const now = ms / rows;
    this.#rowMs[index] = Number.isNaN(before) ? now : before + (now - before) * weight;
    this.#observed += 1;
    if (this.#observed % memory > 0) return;
    for (let above = bucketOf(this.target) + 1; above < this.#rowMs.length; above += 1) {
      this.#rowMs[above] = Number.NaN;
    }
  }

  /** The smallest size beyond which rows become hardly cheaper: larger batches only add waiting. */
  get target(): number {
    const unknown = this.#rowMs.findLastIndex((ms) => Number.isNaN(ms));
    if (unknown >= 0) return this.#upTo(unknown);
    const cheapest = Math.min(...this.#rowMs);
    return this.#upTo(this.#rowMs.findIndex((ms) => ms <= cheapest * (1 + margin)));
  }

  #upTo(index: number): number {
    return index === 0 ? 1 : Math.min(this.#maxSize, 2 ** (index + 1) - 1);
  }
}

function bucketOf(rows: number): number {
  return 31 - Math.clz32(Math.max(1, rows));
}
