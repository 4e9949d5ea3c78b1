const mostRequests = 8_192;

/** Requests of a trace on their way from a file to caches: columns, and how many rows are filled. */
export class Batch {
  /** Dense, from 0, in order of first appearance. */
  readonly ids = new Int32Array(mostRequests);
  /** Bytes; 1 where the trace has no sizes. */
  readonly sizes = new Uint32Array(mostRequests);
  readonly costsMs = new Float64Array(mostRequests);
  readonly atMs = new Float64Array(mostRequests);
  length = 0;

  get isFull(): boolean {
    return this.length === mostRequests;
  }

  push(id: number, size: number, costMs: number, atMs: number): void {
    this.ids[this.length] = id;
    this.sizes[this.length] = size;
    this.costsMs[this.length] = costMs;
    this.atMs[this.length] = atMs;
    this.length += 1;
  }

  /**
   * Only requests for which `numberOf` has a number for their id, under that number; the others
   * are gone.
   */
  sift(numberOf: (id: number) => number | undefined): void {
    const rows = this.length;
    this.length = 0;
    for (let row = 0; row < rows; row++) {
      const id = numberOf(this.ids[row] as number);
      if (id === undefined) continue;
      const [size, costMs, atMs] = [this.sizes[row], this.costsMs[row], this.atMs[row]];
      this.push(id, size as number, costMs as number, atMs as number);
    }
  }
}

/** Numbers for keys, in order of first appearance. */
export class KeyNumbers {
  readonly #numbers = new Map<number | bigint | string, number>();

  numberOf(key: number | bigint | string): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const next = this.#numbers.size;
    this.#numbers.set(key, next);
    return next;
  }
}
