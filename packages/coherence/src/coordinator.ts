import assert from "node:assert/strict";
import { KvringError, type Position } from "@kvring/core";
import { purgeThrough } from "./checkpoints.ts";
import { Confirmation } from "./confirmation.ts";
import { Invalidations, type Settled } from "./invalidations.ts";
import { type Life, settlesMs } from "./life.ts";
import type { Effect, InvalidateEvent } from "./messages.ts";
import type { CoherenceOptions } from "./options.ts";
import type { Checkpoint } from "./records.ts";
import type { Roster } from "./roster.ts";
import type { Rules } from "./rules.ts";
import type { ScopeTable } from "./scope-table.ts";

/** Where we are, and when. */
interface Now {
  readonly applied: Position;
  readonly life: Life;
  readonly nowMs: number;
}

/** Gets our own invalidations and checkpoints known to all, and says when they are. */
export class Coordinator {
  readonly #options: CoherenceOptions;
  readonly #rules: Rules;
  readonly #table: ScopeTable;
  readonly #roster: Roster;
  readonly #invalidations: Invalidations;
  /** Our own checkpoint, until all know it. */
  #written: { readonly checkpoint: Checkpoint; readonly confirmation: Confirmation } | undefined;

  constructor(parts: {
    readonly options: CoherenceOptions;
    readonly rules: Rules;
    readonly table: ScopeTable;
    readonly roster: Roster;
  }) {
    const { calls, scopesPerRecord } = parts.options;
    this.#options = parts.options;
    this.#rules = parts.rules;
    this.#table = parts.table;
    this.#roster = parts.roster;
    this.#invalidations = new Invalidations({ calls, scopesPerRecord }, parts.rules);
  }

  get isWritingCheckpoint(): boolean {
    return this.#written !== undefined;
  }

  /** Takes a call in, or says why not. */
  add(event: InvalidateEvent, nowMs: number): KvringError | undefined {
    const { scopes } = event;
    const { scopesPerRecord } = this.#options;
    assert(scopes.length >= 1 && scopes.length <= scopesPerRecord, "one record holds the scopes");
    return this.#tableRefusal(event) ?? this.#invalidations.add(event, nowMs);
  }

  /**
   * Before the table is full, so that what is in the log always fits. A scope that it has needs no
   * room, and whoever is refused a key or a tag can still invalidate the model.
   */
  #tableRefusal({ scopes, isBroad }: InvalidateEvent): KvringError | undefined {
    const { scopes: narrow, reservedScopes } = this.#options;
    const added = scopes.filter((scope) => !this.#table.has(scope)).length;
    if (added === 0) return undefined;
    const taken = this.#table.size + this.#invalidations.scopesUnderWay;
    if (taken + added <= (isBroad ? narrow + reservedScopes : narrow)) return undefined;
    return new KvringError(
      "QUEUE_FULL",
      `${taken} scopes were invalidated within the life of an entry, as many as are kept apart: invalidate the model, or retry after the next checkpoint`,
    );
  }

  /** The log says that it has our record. */
  placed(attempt: string, position: Position, nowMs: number): void {
    this.#invalidations.placed(attempt, position, nowMs);
  }

  /** Our reader gave us a record: perhaps one of ours. */
  read(attempt: string, position: Position, nowMs: number): void {
    this.#invalidations.read(attempt, position, nowMs);
  }

  /** The log did not say so, or said it of another life of its. */
  unplaced(attempt: string, untilMs: number): void {
    this.#invalidations.unplaced(attempt, untilMs);
  }

  /** Our reader gave us our own checkpoint. */
  checkpointRead(checkpoint: Checkpoint, now: Now): void {
    const confirmation = this.#begin(now.applied, now.nowMs, now);
    if (confirmation !== undefined) this.#written = { checkpoint, confirmation };
  }

  /** Another life of the log has nothing of ours. */
  beginAnew(nowMs: number): void {
    this.#invalidations.beginAnew(nowMs);
    this.#written = undefined;
  }

  abandon(error: KvringError): Effect[] {
    return report(this.#invalidations.abandon(error));
  }

  pursue(now: Now, freshId: () => string): Effect[] {
    const effects: Effect[] = [];
    const { life, nowMs } = now;
    const next = life.terms && this.#invalidations.next(freshId, nowMs);
    if (next !== undefined) {
      const { attempt, scopes } = next;
      const record = {
        kind: "invalidation" as const,
        scopes,
        attempt,
        coordinator: this.#options.id,
      };
      effects.push({ kind: "append", messageId: attempt, record, expectedLast: undefined });
    }
    this.#invalidations.begin(now.applied, (position, committedMs) =>
      this.#begin(position, committedMs, now),
    );
    const check = (confirmation: Confirmation) =>
      confirmation.check(this.#roster, life.isSettled, nowMs);
    effects.push(...report(this.#invalidations.settle(check, nowMs)));
    effects.push(...this.#purge(now));
    return effects;
  }

  wakeMs(life: Life, nowMs: number): number {
    const wakeMs = (one: Confirmation): number => one.wakeMs(life.isSettled, nowMs);
    const invalidationsMs = this.#invalidations.wakeMs(wakeMs, nowMs);
    if (this.#written === undefined) return invalidationsMs;
    return Math.min(invalidationsMs, wakeMs(this.#written.confirmation));
  }

  /** Begins to wait for a record that our own reader has given us. */
  #begin(position: Position, committedMs: number, now: Now): Confirmation | undefined {
    const { applied, life } = now;
    const { terms } = life;
    const rules = this.#rules;
    if (terms === undefined || !rules.sameLife(position.epoch, applied.epoch)) return undefined;
    this.#roster.acknowledge(this.#options.id, applied);
    const pastLifeUntilMs = settlesMs(life, terms, rules);
    const roster = this.#roster;
    return new Confirmation({ position, committedMs, roster, terms, pastLifeUntilMs, rules });
  }

  #purge({ applied, life, nowMs }: Now): Effect[] {
    if (this.#written === undefined) return [];
    const { checkpoint, confirmation } = this.#written;
    const confirmed = confirmation.check(this.#roster, life.isSettled, nowMs);
    if (!this.#rules.mayPurge(confirmed !== undefined)) return [];
    this.#written = undefined;
    const sequence = purgeThrough(checkpoint, this.#roster);
    return sequence > 0 ? [{ kind: "purge", through: { epoch: applied.epoch, sequence } }] : [];
  }
}

function report(settled: readonly Settled[]): Effect[] {
  return settled.map((end) =>
    "error" in end ? { kind: "not-invalidated", ...end } : { kind: "invalidated", ...end },
  );
}
