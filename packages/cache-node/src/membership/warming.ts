import {
  type Bus,
  type NodeRecord,
  type RingRecord,
  type Stoppable,
  watchRecords,
} from "@kvring/bus";
import { type Clock, KvringError, type Log } from "@kvring/core";

export interface WarmingParts {
  readonly self: string;
  /** The ring in which we were for the first time. */
  readonly enteredAt: number;
  readonly ring: () => RingRecord;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly warmMs: number;
  readonly onWarm: () => void;
}

/** Who waited for nobody is looked for again after so long. */
const lookMs = 250;

/**
 * Waits until all others have given us what became ours: each says with its presence up to which
 * ring it has. Who is not there any more is not waited for, and nobody longer than `warmMs`.
 */
export class Warming {
  readonly #parts: WarmingParts;
  readonly #untilMs: number;
  #nodes: ReadonlyMap<string, NodeRecord> = new Map();
  #watch: Stoppable | undefined;
  #cancelTimer: () => void = () => {};
  #ended = false;

  constructor(parts: WarmingParts) {
    this.#parts = parts;
    this.#untilMs = parts.clock.nowMs() + parts.warmMs;
  }

  start(): void {
    const { bus, log } = this.#parts;
    watchRecords(bus.presence, "node", (nodes) => {
      this.#nodes = nodes;
      this.#look();
    }).then(
      (watch) => {
        this.#watch = watch;
        if (this.#ended) void watch.stop();
      },
      (error) => log.warn({ reason: KvringError.from(error).reason }, "nodes are not heard"),
    );
    this.#lookLater();
  }

  stop(): void {
    this.#ended = true;
    this.#cancelTimer();
    void this.#watch?.stop();
  }

  #lookLater(): void {
    this.#cancelTimer = this.#parts.clock.after(lookMs, () => {
      this.#look();
      if (!this.#ended) this.#lookLater();
    });
  }

  #look(): void {
    if (this.#ended) return;
    const { clock, log, onWarm, self } = this.#parts;
    const owing = this.#owing();
    if (owing.length > 0 && clock.nowMs() < this.#untilMs) return;
    if (owing.length > 0) {
      log.warn(
        { node: self, owing },
        "not everything was given in time: the rest is computed anew",
      );
    }
    this.stop();
    onWarm();
  }

  /** The members that still have something to give. */
  #owing(): readonly string[] {
    const { ring, self, enteredAt } = this.#parts;
    return ring().members.flatMap(({ id, incarnation, state }) => {
      if (id === self || state !== "active") return [];
      const record = this.#nodes.get(id);
      const isSettled =
        record?.incarnation === incarnation && (record.settledRing ?? 0) >= enteredAt;
      return isSettled ? [] : [id];
    });
  }
}
