import { type Clock, KvringError } from "@kvring/core";

interface Wait {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: KvringError) => void;
  readonly cancelTimer: () => void;
}

/** Who waits for a log reader to get somewhere, in no particular order: they are few. */
export class PositionWaits {
  readonly #clock: Clock;
  readonly #waits = new Set<Wait>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wait(sequence: number, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancelTimer = this.#clock.after(timeoutMs, () => {
        this.#waits.delete(wait);
        reject(behind(`this reader did not get to record ${sequence} within ${timeoutMs} ms`));
      });
      const wait: Wait = { sequence, resolve, reject, cancelTimer };
      this.#waits.add(wait);
    });
  }

  /** The reader has applied everything up to `sequence`. */
  advanced(sequence: number): void {
    for (const wait of this.#waits) {
      if (wait.sequence > sequence) continue;
      this.#waits.delete(wait);
      wait.cancelTimer();
      wait.resolve();
    }
  }

  /** What was waited for can no longer come. */
  abandon(why: string): void {
    for (const wait of this.#waits) {
      wait.cancelTimer();
      wait.reject(behind(why));
    }
    this.#waits.clear();
  }
}

function behind(why: string): KvringError {
  return new KvringError("BUS_UNAVAILABLE", `control log: ${why}`);
}
