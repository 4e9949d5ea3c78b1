import type { Clock } from "@kvring/core";

/** Bursts of so long are let through: timers are not finer than a millisecond. */
const burstMs = 20;

/** Lets bytes through at a steady rate: who spends more waits. */
export class Pace {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  /** When all that was spent so far may have passed. */
  #paidMs = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerMs = bytesPerSecond / 1_000;
    this.#clock = clock;
  }

  async spend(bytes: number): Promise<void> {
    const nowMs = this.#clock.nowMs();
    this.#paidMs = Math.max(this.#paidMs, nowMs) + bytes / this.#bytesPerMs;
    const aheadMs = this.#paidMs - nowMs;
    if (aheadMs <= burstMs) return;
    await new Promise<void>((resolve) => this.#clock.after(aheadMs, resolve));
  }
}
