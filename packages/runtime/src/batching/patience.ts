/** A rate is taken over so many batches, and so long at least. */
const epochBatches = 24;
const epochMs = 40;
/** An epoch that long saw little to do: what it says is what was asked, not what could be done. */
const quietMs = 1_000;
/** Epochs under one habit until the other one is tried for one. */
const habit = 8;
/** Waiting has to bring that much more, since it makes answers later. */
const gain = 1.05;
/** Rows per batch below which nobody comes to wait for. */
const company = 1.5;

/**
 * Whether holding a batch back for company pays, found out by trying: rows per second while batches
 * start as soon as a process is free, against rows per second while they wait.
 *
 * Callers that ask again when they are answered come in waves; two half-empty batches in turn never
 * meet unless one waits, and no mean of arrivals shows that. Where demand is what limits, both
 * rates are the same, and batches do not wait.
 */
export class Patience {
  #waits = false;
  #isTrial = false;
  readonly #rates = { wait: 0, go: 0 };
  #epochs = 0;
  #batches = 0;
  #rows = 0;
  #sinceMs: number;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** Whether batches are held back now. */
  get waits(): boolean {
    return this.#waits;
  }

  ran(rows: number, nowMs: number): void {
    this.#batches += 1;
    this.#rows += rows;
    const tookMs = nowMs - this.#sinceMs;
    if (tookMs > quietMs) this.#begin(false, false, nowMs);
    else if (this.#batches >= epochBatches && tookMs >= epochMs) this.#conclude(tookMs, nowMs);
  }

  #conclude(tookMs: number, nowMs: number): void {
    const isAlone = this.#rows / this.#batches < company;
    this.#rates[this.#waits ? "wait" : "go"] = this.#rows / tookMs;
    this.#epochs += 1;
    if (this.#isTrial) {
      this.#begin(this.#rates.wait > this.#rates.go * gain, false, nowMs);
    } else if (isAlone) {
      this.#begin(false, false, nowMs);
    } else if (this.#epochs % habit === 0) {
      this.#begin(!this.#waits, true, nowMs);
    } else {
      this.#begin(this.#waits, false, nowMs);
    }
  }

  #begin(waits: boolean, isTrial: boolean, nowMs: number): void {
    this.#waits = waits;
    this.#isTrial = isTrial;
    this.#batches = 0;
    this.#rows = 0;
    this.#sinceMs = nowMs;
  }
}
