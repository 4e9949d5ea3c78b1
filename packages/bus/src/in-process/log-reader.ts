import { type Clock, nowhere, type Position } from "@kvring/core";
import type { ControlLog, LogEntry, LogReader } from "../ports.ts";
import { PositionWaits } from "../position-waits.ts";

/** Records given per turn of the event loop: a late reader of a long log holds up nobody. */
const recordsPerTurn = 512;

export class InProcessLogReader implements LogReader {
  readonly #listener: Parameters<ControlLog["read"]>[0];
  readonly #epoch: number;
  readonly #records: readonly LogEntry[];
  readonly #onStop: () => void;
  readonly #waits: PositionWaits;
  #state: "resting" | "woken" | "stopped" = "resting";
  #position = nowhere;

  constructor(options: {
    readonly listener: Parameters<ControlLog["read"]>[0];
    readonly clock: Clock;
    readonly epoch: number;
    /** Grows at its end while the reader lives. */
    readonly records: readonly LogEntry[];
    readonly onStop: () => void;
  }) {
    this.#listener = options.listener;
    this.#epoch = options.epoch;
    this.#records = options.records;
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
    if (this.#position.epoch === 0 && this.#state === "woken") {
      this.#position = { epoch: this.#epoch, sequence: 0 };
      this.#listener.onEpoch(this.#epoch);
    }
    const end = this.#position.sequence + recordsPerTurn;
    // Read anew each time round: the listener may stop us.
    while (this.#state === "woken" && this.#position.sequence < end) {
      const record = this.#records[this.#position.sequence];
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
}
