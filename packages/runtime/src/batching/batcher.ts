import type { BatchingConfig } from "../api.ts";
import { BatchCosts } from "./batch-costs.ts";
import { Patience } from "./patience.ts";

/** What to do with the jobs that wait: the first so many together, or nothing until then. */
export type Choice =
  | { readonly kind: "take"; readonly jobs: number }
  | { readonly kind: "hold"; readonly untilMs: number };

/** Decides which jobs of one model run together, and learns from what that took. */
export class Batcher {
  /** Numbers of rows of which it was seen that they keep to themselves. */
  readonly #sizes: Set<number>;
  readonly #costs: BatchCosts;
  readonly #patience: Patience;
  readonly #maxDelayMs: number;
  #holdUntilMs: number | undefined;

  constructor(config: BatchingConfig, sizes: ReadonlyMap<number, number>, nowMs: number) {
    this.#sizes = new Set(sizes.keys());
    this.#costs = new BatchCosts(Math.max(1, ...sizes.keys()), sizes);
    this.#patience = new Patience(nowMs);
    this.#maxDelayMs = config.maxDelayMs;
  }

  /** The largest number of rows that is worth computing together. */
  get target(): number {
    const { target } = this.#costs;
    return Math.max(1, ...[...this.#sizes].filter((size) => size <= target));
  }

  /**
   * `rows` of the jobs that wait, of one group and in their order: at least one. They are shared
   * among the processes that are idle now, which is sooner done than one large batch.
   */
  choose(rows: readonly number[], idle: number, nowMs: number): Choice {
    const all = rows.reduce((sum, count) => sum + count, 0);
    const { target } = this;
    if (this.#patience.waits && all < target) {
      this.#holdUntilMs ??= nowMs + this.#maxDelayMs;
      if (nowMs < this.#holdUntilMs) return { kind: "hold", untilMs: this.#holdUntilMs };
    }
    this.#holdUntilMs = undefined;
    return { kind: "take", jobs: this.#largest(rows, Math.min(target, Math.ceil(all / idle))) };
  }

  ran(rows: number, ms: number, nowMs: number): void {
    this.#costs.observe(rows, ms);
    this.#patience.ran(rows, nowMs);
  }

  /** A batch of so many rows failed although each alone did not: none that large any more. */
  exclude(rows: number): void {
    for (const size of this.#sizes) if (size >= rows) this.#sizes.delete(size);
  }

  /** The longest beginning whose rows are a size that may be used; the first job in any case. */
  #largest(rows: readonly number[], most: number): number {
    let sum = 0;
    let jobs = 1;
    for (const [index, count] of rows.entries()) {
      sum += count;
      if (sum > most) break;
      if (this.#sizes.has(sum)) jobs = index + 1;
    }
    return jobs;
  }
}
