import type { Position } from "@kvring/core";
import { Checkpoints } from "./checkpoints.ts";
import { Chores, type Need } from "./chores.ts";
import type { LeaseHolder } from "./lease-holder.ts";
import type { Life } from "./life.ts";
import type { Effect } from "./messages.ts";
import { needsOf } from "./needs.ts";
import type { CoherenceOptions } from "./options.ts";
import type { Sequence } from "./records.ts";
import type { Roster } from "./roster.ts";
import type { Rules } from "./rules.ts";
import type { ScopeTable } from "./scope-table.ts";
import type { Standing } from "./standing.ts";
import { firstAfter } from "./wake.ts";

/** Where a gateway stands, and when. */
export interface Situation {
  readonly standing: Standing;
  readonly applied: Position;
  readonly life: Life;
  readonly nowMs: number;
  /** Our own last checkpoint is not known to all yet. */
  readonly isWritingCheckpoint: boolean;
}

/** Writes what the log needs to have of us from time to time: heartbeats, and what `needsOf` says. */
export class Upkeep {
  readonly #options: CoherenceOptions;
  readonly #rules: Rules;
  readonly #holder: LeaseHolder;
  readonly #roster: Roster;
  readonly #table: ScopeTable;
  readonly #checkpoints: Checkpoints;
  readonly #chores = new Chores();

  constructor(parts: {
    readonly options: CoherenceOptions;
    readonly rules: Rules;
    readonly holder: LeaseHolder;
    readonly roster: Roster;
    readonly table: ScopeTable;
  }) {
    this.#options = parts.options;
    this.#rules = parts.rules;
    this.#holder = parts.holder;
    this.#roster = parts.roster;
    this.#table = parts.table;
    this.#checkpoints = new Checkpoints(parts.options);
  }

  begin(before: Sequence): void {
    this.#checkpoints.begin(before);
  }

  /** A record was applied. */
  passed(sequence: Sequence, nowMs: number): void {
    this.#checkpoints.passed(sequence, nowMs);
  }

  checkpointRead(sequence: Sequence): void {
    this.#checkpoints.read(sequence);
  }

  /** An append ended, one way or the other. */
  appendEnded(messageId: string, untilMs: number): void {
    this.#chores.ended(messageId, untilMs);
  }

  /** The heartbeat to send now, if any. */
  heartbeat(
    { standing, life, applied, nowMs }: Situation,
    freshId: () => string,
  ): Extract<Effect, { kind: "append" }> | undefined {
    const { kind } = standing;
    if (life.terms === undefined || (kind !== "joining" && kind !== "member")) return undefined;
    if (!this.#rules.mayHeartbeat(kind === "member")) return undefined;
    const heartbeat = this.#holder.next(freshId, applied, nowMs);
    if (heartbeat === undefined) return undefined;
    const { nonce, expectedLast } = heartbeat;
    const record = { kind: "heartbeat" as const, gateway: this.#options.id, nonce };
    return { kind: "append", messageId: nonce, record, expectedLast };
  }

  /** The other records to append now. */
  chores(situation: Situation, freshId: () => string): Effect[] {
    const { standing, life, nowMs } = situation;
    const needs = needsOf({
      options: this.#options,
      rules: this.#rules,
      standing,
      life,
      lease: this.#holder.lease,
      roster: this.#roster,
      nowMs,
    });
    const checkpoint = this.#checkpointNeed(situation);
    if (checkpoint !== undefined) needs.push(checkpoint);
    return this.#chores.take(needs, nowMs, freshId).map(({ messageId, record, expectedLast }) => ({
      kind: "append",
      messageId,
      record,
      expectedLast,
    }));
  }

  wakeMs(nowMs: number): number {
    return firstAfter(nowMs, [this.#holder.wakeMs(), this.#chores.wakeMs(nowMs)]);
  }

  /** Under a lease only: then we have read all that a checkpoint has to say. */
  #checkpointNeed({
    standing,
    applied,
    life,
    nowMs,
    isWritingCheckpoint,
  }: Situation): Need | undefined {
    if (standing.kind !== "member" || isWritingCheckpoint) return undefined;
    if (!this.#holder.isHeld(nowMs)) return undefined;
    const [roster, table] = [this.#roster, this.#table];
    return this.#checkpoints.need({ position: applied, life, roster, table, nowMs });
  }
}
