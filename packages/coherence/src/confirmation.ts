import type { Position } from "@kvring/core";
import type { GatewayId } from "./records.ts";
import type { Roster } from "./roster.ts";
import type { Rules } from "./rules.ts";
import type { LeaseTerms } from "./terms.ts";
import { firstAfter } from "./wake.ts";

/** How a record came to be known to all who answer. */
export interface Confirmed {
  readonly position: Position;
  /** Members as of the record. */
  readonly gateways: number;
  /** Of these, who said that they had applied it; the others' leases had run out. */
  readonly acknowledged: number;
}

interface Awaited {
  readonly gateway: GatewayId;
  /** No lease of it lives longer that does not know of the record. */
  readonly untilMs: number;
}

/**
 * Waits until no gateway can hold a lease that does not know of one record.
 *
 * A lease that does not know of it comes from a heartbeat before it. Every such heartbeat was
 * asked for before the record was committed, and before we read it: D after either the lease is
 * over. So a gateway that has been silent for D is not waited for, evicted or not.
 */
export class Confirmation {
  readonly position: Position;
  readonly #rules: Rules;
  readonly #gateways: number;
  /** When no lease of a life of the log before this one lives any more. */
  readonly #pastLifeUntilMs: number;
  #awaited: readonly Awaited[];
  #acknowledged = 0;

  /** Called when our own reader is at the record: then the roster is the one as of it. */
  constructor(record: {
    readonly position: Position;
    /** By our clock, not before the log acknowledged it, or we read it. */
    readonly committedMs: number;
    readonly roster: Roster;
    readonly terms: LeaseTerms;
    readonly pastLifeUntilMs: number;
    readonly rules: Rules;
  }) {
    const { position, committedMs, roster, terms, pastLifeUntilMs, rules } = record;
    this.position = position;
    this.#rules = rules;
    this.#pastLifeUntilMs = pastLifeUntilMs;
    this.#gateways = roster.size;
    this.#awaited = [...roster.entries()].map(([gateway, { heardMs }]) => ({
      gateway,
      untilMs: Math.min(committedMs, heardMs ?? Number.NEGATIVE_INFINITY) + terms.waitMs,
    }));
  }

  /** The result, once there is nothing left to wait for. */
  check(roster: Roster, isSettled: boolean, nowMs: number): Confirmed | undefined {
    this.#awaited = this.#awaited.filter(({ gateway, untilMs }) => {
      if (this.#rules.hasAcknowledged(roster.acknowledged(gateway), this.position)) {
        this.#acknowledged += 1;
        return false;
      }
      // Who left since held no lease when that was written.
      return roster.get(gateway) !== undefined && !this.#rules.hasWaited(nowMs, untilMs);
    });
    if (this.#awaited.length > 0) return undefined;
    if (!isSettled && !this.#rules.hasWaited(nowMs, this.#pastLifeUntilMs)) return undefined;
    const { position } = this;
    return { position, gateways: this.#gateways, acknowledged: this.#acknowledged };
  }

  /** The next moment at which waiting alone may be enough. */
  wakeMs(isSettled: boolean, nowMs: number): number {
    const moments = this.#awaited.map(({ untilMs }) => untilMs);
    if (!isSettled) moments.push(this.#pastLifeUntilMs);
    return firstAfter(nowMs, moments);
  }
}
