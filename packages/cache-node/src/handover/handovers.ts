import type { RingRecord } from "@kvring/bus";
import { KvringError } from "@kvring/core";
import { Handover, type HandoverParts } from "./handover.ts";
import type { HandoverMetrics } from "./handover-metrics.ts";
import { HandoverPlan } from "./handover-plan.ts";

export interface HandoversParts extends HandoverParts {
  readonly replicas: number;
  readonly metrics: HandoverMetrics;
  /** What became somebody else's with this ring has been given to him, or never will be. */
  readonly onSettled: (version: number) => void;
}

/** Changes that come together, as when several nodes start, are one. */
const gatherMs = 100;

/**
 * Follows the ring and gives away what is no longer ours, or not ours alone. A change that comes
 * while entries are given begins that anew: what was given already is refused, and costs little.
 */
export class Handovers {
  readonly #parts: HandoversParts;
  #settled: RingRecord | undefined;
  #latest: RingRecord | undefined;
  #running: AbortController | undefined;
  #stopped = false;

  constructor(parts: HandoversParts) {
    this.#parts = parts;
  }

  /** The ring up to which everything was given; 0: none yet. */
  get settledVersion(): number {
    return this.#settled?.version ?? 0;
  }

  follow(ring: RingRecord): void {
    this.#latest = ring;
    if (this.#settled === undefined) {
      // Who comes has nothing to give.
      this.#settle(ring);
      return;
    }
    if (this.#running === undefined) void this.#run();
    else this.#running.abort();
  }

  stop(): void {
    this.#stopped = true;
    this.#running?.abort();
  }

  #settle(ring: RingRecord): void {
    this.#settled = ring;
    this.#parts.onSettled(ring.version);
  }

  async #run(): Promise<void> {
    while (this.#latest !== undefined && this.#latest !== this.#settled && !this.#stopped) {
      const running = new AbortController();
      this.#running = running;
      const ring = this.#latest;
      try {
        await this.#give(ring, running.signal);
      } catch (error) {
        this.#parts.log.error({ reason: KvringError.from(error).reason }, "a handover failed");
      }
      if (!running.signal.aborted) this.#settle(ring);
    }
    this.#running = undefined;
  }

  async #give(after: RingRecord, signal: AbortSignal): Promise<void> {
    const { self, replicas, log, clock, metrics } = this.#parts;
    const before = this.#settled ?? after;
    const plan = new HandoverPlan({ self, replicas, before, after });
    if (plan.isEmpty) return;
    await new Promise<void>((resolve) => clock.after(gatherMs, resolve));
    if (signal.aborted) return;
    const startMs = clock.nowMs();
    const given = await new Handover(this.#parts, plan).run(signal);
    const tookMs = Math.round(clock.nowMs() - startMs);
    metrics.given(given, tookMs);
    log.info({ ring: after.version, ...given, tookMs }, "entries were given to their new owners");
  }
}
