import { type Clock, nowhere, type Position } from "@kvring/core";
import type { ControlLog, LogEntry, LogReader } from "../ports.ts";
import { PositionWaits } from "../position-waits.ts";

/** Records given per turn of the event loop: a late reader of a long log holds up nobody. */
const recordsPerTurn = 512;

export class InProcessLogReader implements LogReader {
  readonly #listener: Parameters<ControlLog["read"]>[0];
  readonly #epoch: number;
  readonly #purged: () => number;
  readonly #recordAt: (sequence: number) => LogEntry | undefined;
  readonly #onStop: () => void;
  readonly #waits: PositionWaits;
  #state: "resting" | "woken" | "stopped" = "resting";
  #position = nowhere;

  constructor(options: {
    readonly listener: Parameters<ControlLog["read"]>[0];
    readonly clock: Clock;
    readonly epoch: number;
    /** How many records the log has forgotten. */
    readonly purged: () => number;
    readonly recordAt: (sequence: number) => LogEntry | undefined;
    readonly onStop: () => void;
  }) {
    this.#listener = options.listener;
    this.#epoch = options.epoch;
    this.#purged = options.purged;
    this.#recordAt = options.recordAt;
    this.#onStop = options.onStop;
    this.#waits = new PositionWaits(options.clock);
  }

  get position(): Position {
    return this.#position;
  }

  reached(sequence: number, timeoutMs: number): Promise<void> {
    const wait = this.#waits.wait(sequence, timeoutMs);
    if (this.#position.epoch !== 0) this.#waits.advanced(this.#position.sequence);
    if (this.#state === "stopped") this.#waits.abandon("the reader was stopped");
    return wait;
  }

  /** There is something to read. */
  wake(): void {
    if (this.#state !== "resting") return;
    this.#state = "woken";
    queueMicrotask(() => this.#give());
  }

  halt(): void {
    this.#state = "stopped";
    this.#waits.abandon("the reader was stopped");
    this.#onStop();
  }

  async stop(): Promise<void> {
    this.halt();
  }

  #give(): void {
    for (let given = 0; given < recordsPerTurn; given += 1) {
      // Anew for each: the listener may purge, or stop us.
      this.#enter();
      if (this.#state !== "woken") break;
      const record = this.#recordAt(this.#position.sequence + 1);
      if (record === undefined) {
        this.#state = "resting";
        break;
      }
      this.#listener.onRecord({ ...record, body: record.body.slice() });
      this.#position = record.position;
    }
    this.#waits.advanced(this.#position.sequence);
    if (this.#state === "woken") setImmediate(() => this.#give());
  }

  /** Begins to read, or goes on behind what was purged before it was read. */
  #enter(): void {
    if (this.#state !== "woken") return;
    const before = this.#purged();
    if (this.#position.epoch !== 0 && this.#position.sequence >= before) return;
    this.#position = { epoch: this.#epoch, sequence: before };
    this.#listener.onEpoch(this.#epoch, before);
  }
}
