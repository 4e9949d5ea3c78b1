import assert from "node:assert/strict";
import type { Position } from "@kvring/core";
import type { Lease } from "./lease.ts";
import * as leases from "./lease.ts";
import type { CoherenceOptions } from "./options.ts";
import type { Sequence } from "./records.ts";
import type { Evidence, Rules } from "./rules.ts";
import { type LeaseTerms, renewEveryMs } from "./terms.ts";

export interface Heartbeat {
  /** Also its message id, so that a repeated one is the same. */
  readonly nonce: string;
  readonly expectedLast: Sequence;
}

/** Keeps one gateway's lease: sends heartbeats, and takes in what becomes of them. */
export class LeaseHolder {
  readonly #options: CoherenceOptions;
  readonly #rules: Rules;
  #lease: Lease = leases.noLease;
  /** Our last record under our heartbeats' subject, as far as we have read; 0: none. */
  #heartbeatAt: Sequence = 0;

  constructor(options: CoherenceOptions, rules: Rules) {
    this.#options = options;
    this.#rules = rules;
  }

  get lease(): Lease {
    return this.#lease;
  }

  isHeld(nowMs: number): boolean {
    return this.#rules.isHeld(nowMs, this.#lease.heldUntilMs);
  }

  /** In another life of the log neither the lease nor its heartbeats mean anything. */
  begin(): void {
    this.#lease = leases.noLease;
    this.#heartbeatAt = 0;
  }

  /** Gives the lease up. A heartbeat that is under way brings it back no more. */
  drop(): void {
    this.#lease = leases.noLease;
  }

  /** The heartbeat to send now, if any. `nowMs` was read before it leaves. */
  next(freshId: () => string, applied: Position, nowMs: number): Heartbeat | undefined {
    const nonce = leases.due(this.#lease, nowMs, freshId);
    if (nonce === undefined) return undefined;
    const [after, expectedLast] = [applied.sequence, this.#heartbeatAt];
    this.#lease = leases.sent(this.#lease, { nonce, after, expectedLast }, nowMs);
    const { renewal } = this.#lease;
    assert(renewal.step === "sent", "it was just sent");
    return renewal;
  }

  /** Whether the log can have given our heartbeat that place. */
  isPossible(nonce: string, sequence: Sequence): boolean {
    return leases.isPossible(this.#lease, nonce, sequence);
  }

  /** Our reader gave us a heartbeat of ours: the next one follows it. */
  beaten(sequence: Sequence, nowMs: number): void {
    this.#heartbeatAt = sequence;
    this.#lease = leases.superseded(this.#lease, sequence, nowMs);
  }

  witness(kind: Evidence, nonce: string, terms: LeaseTerms, nowMs: number): void {
    const renewMs = renewEveryMs(terms, this.#options.renewEveryMs);
    const practice = { rules: this.#rules, terms, renewEveryMs: renewMs };
    this.#lease = leases.witnessed(this.#lease, { kind, nonce }, nowMs, practice);
  }

  /** The log could not be reached, as far as we know. */
  unplaced(nonce: string, nowMs: number): void {
    this.#lease = leases.unplaced(this.#lease, nonce, nowMs + this.#options.retryMs);
  }

  /** It has a place, or its expectation failed. What we have read, or read until then, decides. */
  awaited(nonce: string, untilMs: number, nowMs: number): void {
    const awaited = leases.awaited(this.#lease, nonce, untilMs);
    this.#lease = leases.superseded(awaited, this.#heartbeatAt, nowMs);
  }

  /**
   * Whether a heartbeat was awaited for so long that it or a tombstone would have been read: then
   * the log has lost it, or the one before, and this incarnation has no future in it.
   */
  isLost(nowMs: number): boolean {
    const { renewal } = this.#lease;
    return renewal.step === "awaited" && nowMs >= renewal.untilMs;
  }

  wakeMs(): number {
    return leases.renewalWakeMs(this.#lease);
  }
}
