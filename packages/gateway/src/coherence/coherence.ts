import type { Bus } from "@kvring/bus";
import type { Admission, EndReason, InvalidationResult } from "@kvring/coherence";
import {
  type Clock,
  KvringError,
  type Log,
  newIncarnation,
  type Position,
  type ScopeId,
} from "@kvring/core";
import type { CoherenceSettings } from "../options.ts";
import { Incarnation } from "./incarnation.ts";

/**
 * The gateway's part in the promise that nobody is given a stale answer. When an incarnation ends
 * (it was taken for dead, or the log lost what it had said) the next one begins at once, under
 * another id: nothing of the old one's lease lives on in it.
 */
export class Coherence {
  readonly #parts: {
    readonly name: string;
    readonly bus: Bus;
    readonly clock: Clock;
    readonly log: Log;
    readonly settings: CoherenceSettings;
  };
  #current: Incarnation;
  /** Requests that came while there was no lease. */
  #waiting: (() => void)[] = [];
  #wasLeased = false;
  #stopped = false;

  constructor(parts: {
    readonly name: string;
    readonly bus: Bus;
    readonly clock: Clock;
    readonly log: Log;
    readonly settings: CoherenceSettings;
  }) {
    this.#parts = parts;
    this.#current = this.#incarnate();
  }

  /** What may be answered now. Ask for it anew at every request. */
  get admission(): Admission {
    return this.#current.core.admission;
  }

  get position(): Position {
    return this.#current.core.position;
  }

  /** How many gateways invalidations reckon with, this one included. */
  get gateways(): number {
    return this.#current.core.gateways;
  }

  /** Whether this gateway ever had a lease: a later loss is shared by all, and no readiness. */
  get wasLeased(): boolean {
    return this.#wasLeased;
  }

  leaseAgeMs(): number {
    return this.admission.leaseAgeMs(this.#parts.clock.nowMs());
  }

  /** `then` is called at the next lease, or not at all. The returned function takes it back. */
  onLease(then: () => void): () => void {
    this.#waiting.push(then);
    return () => {
      const at = this.#waiting.indexOf(then);
      if (at >= 0) this.#waiting.splice(at, 1);
    };
  }

  /** Throws DEADLINE_EXCEEDED or what refuses it: then nothing is promised, and a retry is harmless. */
  invalidate(
    scopes: readonly ScopeId[],
    isBroad: boolean,
    timeoutMs: number,
  ): Promise<InvalidationResult> {
    if (this.#stopped) {
      throw new KvringError("DRAINING", "this gateway is leaving: ask another one");
    }
    return this.#current.invalidate(scopes, isBroad, timeoutMs);
  }

  async leave(): Promise<void> {
    this.#stopped = true;
    await this.#current.leave(leaveTimeoutMs);
  }

  #incarnate(): Incarnation {
    const { name, bus, clock, log, settings } = this.#parts;
    return new Incarnation({
      bus,
      clock,
      log,
      options: { ...settings, id: `${name}-${newIncarnation()}` },
      onLeased: () => this.#leased(),
      onEnded: (why) => this.#ended(why),
    });
  }

  #leased(): void {
    this.#wasLeased = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const then of waiting) then();
  }

  #ended(why: EndReason): void {
    if (this.#stopped || why === "left") return;
    this.#parts.log.warn({ why }, "this incarnation of the gateway is over; the next one begins");
    const old = this.#current;
    this.#current = this.#incarnate();
    void old.stop();
  }
}

const leaveTimeoutMs = 2_000;
