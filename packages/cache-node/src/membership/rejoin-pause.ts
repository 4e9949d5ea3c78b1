const firstMs = 100;
const longestMs = 30_000;
/** Who stayed in for so long was not taken out for a reason that is still there. */
const calmMs = 60_000;

/**
 * How long a node waits before it enters a ring that it was taken out of. A node that the log can
 * reach and gateways cannot would otherwise come and go every few seconds, and with it its keys.
 */
export class RejoinPause {
  #pauseMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  next(nowMs: number): number {
    const isCalm = nowMs - this.#lastMs >= calmMs + this.#pauseMs;
    this.#pauseMs = isCalm ? firstMs : Math.min(2 * this.#pauseMs, longestMs);
    this.#lastMs = nowMs;
    return this.#pauseMs;
  }
}
