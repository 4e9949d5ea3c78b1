import type { Appointment, Scheduler } from "./scheduler.ts";

/**
 * A process with a clock of its own rate, which can be paused with everything that it was about
 * to do, and crash.
 */
export class Process {
  readonly id: string;
  readonly #scheduler: Scheduler;
  /** Of its clock, beside the true one. */
  readonly #rate: number;
  readonly #offsetMs: number;
  #state: "running" | "paused" | "dead" = "running";
  #held: (() => void)[] = [];
  #resumedMs = Number.NEGATIVE_INFINITY;

  constructor(id: string, scheduler: Scheduler, rate: number, offsetMs: number) {
    this.id = id;
    this.#scheduler = scheduler;
    this.#rate = rate;
    this.#offsetMs = offsetMs;
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  /** By its own clock. */
  nowMs(): number {
    return this.#offsetMs + this.#rate * this.#scheduler.nowMs;
  }

  /** When its last pause ended, by its own clock. */
  get resumedMs(): number {
    return this.#resumedMs;
  }

  /** Something reaches the process: now, after its pause, or never. */
  receive(run: () => void): void {
    if (this.#state === "running") run();
    else if (this.#state === "paused") this.#held.push(run);
  }

  /** By its own clock. */
  after(delayMs: number, run: () => void): Appointment {
    const trueMs = Math.max(0, delayMs) / this.#rate;
    return this.#scheduler.after(trueMs, () => this.receive(run));
  }

  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    this.#resumedMs = this.nowMs();
    const held = this.#held;
    this.#held = [];
    // Each may pause or kill it again.
    for (const run of held) this.receive(run);
  }

  die(): void {
    this.#state = "dead";
    this.#held = [];
  }
}
