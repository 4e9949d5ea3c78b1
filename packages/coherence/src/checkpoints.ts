import type { Position } from "@kvring/core";
import type { Need } from "./chores.ts";
import { type Life, settledEpoch } from "./life.ts";
import type { CoherenceOptions } from "./options.ts";
import type { Checkpoint, Sequence } from "./records.ts";
import type { Roster } from "./roster.ts";
import type { ScopeTable } from "./scope-table.ts";

/** How full the table may be before scopes are given up to make room. */
const pressure = 0.9;
const givenUp = 1 / 4;

/** Our places in the log of the last entry lifetime and a little more, this many of them. */
const marks = 16;

/**
 * When a checkpoint is due, and what goes into it.
 *
 * The first of the members by id writes it, the others later and later if it does not; of two that
 * are written at once, the expectation lets one through.
 */
export class Checkpoints {
  readonly #options: CoherenceOptions;
  readonly #marks: { readonly sequence: Sequence; readonly atMs: number }[] = [];
  /** The last checkpoint read; 0: none in this life. */
  #lastAt: Sequence = 0;
  #countedFrom: Sequence = 0;

  constructor(options: CoherenceOptions) {
    this.#options = options;
  }

  begin(before: Sequence): void {
    this.#marks.length = 0;
    this.#lastAt = 0;
    this.#countedFrom = before;
  }

  /** A record was applied. */
  passed(sequence: Sequence, nowMs: number): void {
    const last = this.#marks.at(-1);
    const everyMs = this.#options.entryTtlMs / marks;
    if (last !== undefined && nowMs - last.atMs < everyMs) return;
    this.#marks.push({ sequence, atMs: nowMs });
    if (this.#marks.length > marks + 4) this.#marks.shift();
  }

  read(sequence: Sequence): void {
    this.#lastAt = sequence;
    this.#countedFrom = sequence;
  }

  /** The checkpoint that the log lacks, if any. The caller holds a lease, and so has read all. */
  need(view: {
    readonly position: Position;
    readonly life: Life;
    readonly roster: Roster;
    readonly table: ScopeTable;
    readonly nowMs: number;
  }): Need | undefined {
    const { position, life, roster, table, nowMs } = view;
    const { checkpointEvery, scopes, id } = this.#options;
    if (life.terms === undefined) return undefined;
    const rank = rankOf(id, roster);
    const isFull = table.size >= Math.min(1, pressure + rank / 50) * scopes;
    const isLong = position.sequence - this.#countedFrom >= checkpointEvery * (1 + rank / 8);
    if (!isFull && !isLong) return undefined;
    const aged = Math.max(this.#agedBefore(nowMs), table.horizon);
    const horizon = isFull ? Math.max(aged, table.quantile(givenUp)) : aged;
    const record: Checkpoint = {
      kind: "checkpoint",
      epoch: life.epoch,
      coordinator: id,
      through: position.sequence,
      horizon,
      scopes: table.since(horizon),
      members: roster.toCheckpoint(),
      terms: life.terms,
      settledEpoch: settledEpoch(life),
    };
    return { name: "checkpoint", record, expectedLast: this.#lastAt };
  }

  /** What was invalidated before this has outlived every entry that it was about. */
  #agedBefore(nowMs: number): Sequence {
    const oldMs = nowMs - this.#options.entryTtlMs * (1 + 2 / marks);
    return this.#marks.findLast(({ atMs }) => atMs <= oldMs)?.sequence ?? 0;
  }
}

function rankOf(id: string, roster: Roster): number {
  let rank = 0;
  for (const [gateway] of roster.entries()) if (gateway < id) rank += 1;
  return rank;
}

/**
 * How much of the log a checkpoint makes superfluous, once all know it. The last heartbeat of
 * every member stays: what it sends next expects it there.
 */
export function purgeThrough({ through }: Checkpoint, roster: Roster): Sequence {
  let bound = through;
  for (const [, { heartbeatAt }] of roster.entries()) {
    if (heartbeatAt > 0) bound = Math.min(bound, heartbeatAt - 1);
  }
  return bound;
}
