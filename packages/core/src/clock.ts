import assert from "node:assert/strict";

/**
 * Time as an argument. `nowMs` is monotonic and means nothing outside this process: what travels
 * between processes is a duration, never a moment.
 */
export interface Clock {
  nowMs(): number;
  /** Calls `then` once after `delayMs`; the returned function cancels it. Keeps no process alive. */
  after(delayMs: number, then: () => void): () => void;
}

const longestDelayMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, then) {
    // Node fires a longer timer at once.
    assert(delayMs <= longestDelayMs, `a timer runs for at most ${longestDelayMs} ms`);
    const timer = setTimeout(then, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until a test advances it. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #timers = new Map<number, { readonly atMs: number; readonly then: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, then: () => void): () => void {
    const id = this.#order++;
    this.#timers.set(id, { atMs: this.#nowMs + delayMs, then });
    return () => this.#timers.delete(id);
  }

  /** Moves time on, firing what falls due in the order in which it falls due. */
  advance(ms: number): void {
    assert(ms >= 0, "time does not go back");
    const untilMs = this.#nowMs + ms;
    for (let due = this.#nextDue(untilMs); due !== undefined; due = this.#nextDue(untilMs)) {
      this.#timers.delete(due.id);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.then();
    }
    this.#nowMs = untilMs;
  }

  #nextDue(untilMs: number) {
    let next: { id: number; atMs: number; then: () => void } | undefined;
    for (const [id, timer] of this.#timers) {
      if (timer.atMs > untilMs) continue;
      if (next === undefined || timer.atMs < next.atMs) next = { id, ...timer };
    }
    return next;
  }
}
