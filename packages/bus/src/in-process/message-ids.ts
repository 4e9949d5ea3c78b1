import type { Clock } from "@kvring/core";
import { dedupeWindowMs } from "../options.ts";

/**
 * The message ids of the last two minutes, each with what its first message led to. Bounded by
 * what is accepted in that time; the caller's own limits bound that.
 */
export class MessageIds<T> {
  readonly #clock: Clock;
  readonly #seen = new Map<string, { readonly outcome: T; readonly atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  find(id: string): T | undefined {
    this.#forget();
    return this.#seen.get(id)?.outcome;
  }

  remember(id: string, outcome: T): void {
    this.#seen.set(id, { outcome, atMs: this.#clock.nowMs() });
  }

  /** A map gives its entries in the order of insertion, so the oldest come first. */
  #forget(): void {
    const sinceMs = this.#clock.nowMs() - dedupeWindowMs;
    for (const [id, { atMs }] of this.#seen) {
      if (atMs > sinceMs) return;
      this.#seen.delete(id);
    }
  }
}
