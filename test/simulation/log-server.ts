import assert from "node:assert/strict";
import { decodeRecord, encodeRecord, type LogRecord, type WrittenRecord } from "@kvring/coherence";
import type { Position } from "@kvring/core";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** A record as a reader gets it. */
export interface Stored {
  readonly position: Position;
  readonly subject: string;
  readonly messageId: string;
  readonly record: LogRecord;
  /** Counts all records that any life of the log ever had: the order in which things truly were. */
  readonly moment: number;
}

export interface AppendRequest {
  readonly messageId: string;
  readonly record: WrittenRecord;
  readonly expectedLast: number | undefined;
}

export type AppendReply =
  | { readonly kind: "placed"; readonly position: Position }
  | { readonly kind: "conflict" };

/** From where a reader reads on. */
export interface Resumption {
  readonly epoch: number;
  /** The place before the first record that follows. */
  readonly before: number;
  readonly backlog: readonly Stored[];
}

export interface LogEvents {
  /** The log loses records: whoever reads on from there is in a life that is over. */
  onDamage(epoch: number, kept: number): void;
  onCommit(stored: Stored): void;
  /** Records up to there are erased. */
  onPurge(epoch: number, through: number): void;
  /** What is left begins another life, as these records. */
  onRenewal(records: readonly Stored[]): void;
}

/**
 * The control log as NATS keeps it: one stream, expectations by subject, message ids that are
 * remembered for a while. It can be away, lose its end, and be created anew.
 */
export class LogServer {
  readonly id = "log";
  /** Where what readers get comes from: a consumer can be stuck while appends go on. */
  readonly readsId = "log-reads";
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #events: LogEvents;
  readonly #dedupeMs: number;
  #epoch = 0;
  /** Invariant: the record at index i has sequence first + i. */
  #records: Stored[] = [];
  #first = 1;
  #moment = 0;
  #lastOf = new Map<string, number>();
  #ids = new Map<string, { readonly position: Position; readonly atMs: number }>();
  /** Live readers: what is committed is pushed to them. */
  #sessions = new Map<object, (stored: Stored) => void>();
  #isUp = true;

  constructor(parts: {
    readonly scheduler: Scheduler;
    readonly random: Random;
    readonly events: LogEvents;
    /** 0: message ids are not remembered. */
    readonly dedupeMs: number;
  }) {
    this.#scheduler = parts.scheduler;
    this.#random = parts.random;
    this.#events = parts.events;
    this.#dedupeMs = parts.dedupeMs;
    this.#renew();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get moment(): number {
    return this.#moment;
  }

  get #last(): number {
    return this.#first + this.#records.length - 1;
  }

  receive(run: () => void): void {
    if (this.#isUp) run();
  }

  append({ messageId, record, expectedLast }: AppendRequest): AppendReply {
    const known = this.#ids.get(messageId);
    if (known !== undefined && this.#scheduler.nowMs - known.atMs < this.#dedupeMs) {
      return { kind: "placed", position: known.position };
    }
    const { subject, body } = encodeRecord(record);
    if (expectedLast !== undefined && (this.#lastOf.get(subject) ?? 0) !== expectedLast) {
      return { kind: "conflict" };
    }
    const stored = this.#commit(subject, messageId, decodeRecord(subject, body));
    this.#ids.set(messageId, { position: stored.position, atMs: this.#scheduler.nowMs });
    return { kind: "placed", position: stored.position };
  }

  /**
   * A reader begins, or begins again. The log is asked whether it is still what was read: if not,
   * a new life begins.
   */
  resume(
    session: object,
    read: { readonly position: Position; readonly moment: number },
    onRecord: (stored: Stored) => void,
  ): Resumption {
    if (read.position.epoch === this.#epoch && !this.#isIntact(read)) this.#renew();
    this.#sessions.set(session, onRecord);
    const isSame = read.position.epoch === this.#epoch;
    const before = Math.max(isSame ? read.position.sequence : 0, this.#first - 1);
    const backlog = this.#records.slice(before + 1 - this.#first);
    return { epoch: this.#epoch, before, backlog };
  }

  leave(session: object): void {
    this.#sessions.delete(session);
  }

  /** Refused where there is no such place. */
  purge({ epoch, sequence }: Position): void {
    if (epoch !== this.#epoch || sequence < this.#first || sequence > this.#last) return;
    this.#events.onPurge(epoch, sequence);
    this.#records = this.#records.slice(sequence + 1 - this.#first);
    this.#first = sequence + 1;
    this.#recount();
  }

  /** Nobody reaches the log until it is back. */
  goAway(): void {
    this.#isUp = false;
    this.#sessions.clear();
  }

  comeBack(): void {
    this.#isUp = true;
  }

  /** The log is away, and comes back without its last records. */
  loseTail(count: number): void {
    assert(!this.#isUp, "what is read from is not cut off");
    const kept = Math.max(1, this.#records.length - count);
    if (kept === this.#records.length) return;
    this.#records = this.#records.slice(0, kept);
    this.#recount();
    this.#events.onDamage(this.#epoch, this.#last);
  }

  /** The log is away, and comes back as another one. */
  recreate(): void {
    assert(!this.#isUp, "what is read from is not removed");
    this.#events.onDamage(this.#epoch, 0);
    this.#records = [];
    this.#first = 1;
    this.#recount();
    this.#renew();
  }

  #isIntact(read: { readonly position: Position; readonly moment: number }): boolean {
    const { sequence } = read.position;
    if (sequence < this.#first) return true;
    return this.#records[sequence - this.#first]?.moment === read.moment;
  }

  /** Positions in what is left are said in the new epoch from now on. */
  #renew(): void {
    const epoch = this.#random.whole(1, 2 ** 40);
    this.#epoch = epoch;
    this.#records = this.#records.map((stored) => {
      const { sequence } = stored.position;
      return { ...stored, position: Object.freeze({ epoch, sequence }) };
    });
    this.#events.onRenewal(this.#records);
    this.#commit("epoch", "", { kind: "skipped" });
  }

  #commit(subject: string, messageId: string, record: LogRecord): Stored {
    this.#moment += 1;
    const position = Object.freeze({ epoch: this.#epoch, sequence: this.#last + 1 });
    const stored: Stored = { position, subject, messageId, record, moment: this.#moment };
    this.#records.push(stored);
    this.#lastOf.set(subject, position.sequence);
    this.#events.onCommit(stored);
    for (const push of this.#sessions.values()) push(stored);
    return stored;
  }

  /** Expectations and message ids are about what the log has now. */
  #recount(): void {
    this.#lastOf = new Map(
      this.#records.map(({ subject, position }) => [subject, position.sequence]),
    );
    const kept = new Set(this.#records.map(({ messageId }) => messageId));
    for (const messageId of this.#ids.keys()) if (!kept.has(messageId)) this.#ids.delete(messageId);
  }
}
