import assert from "node:assert/strict";
import { KvringError, type Position } from "@kvring/core";
import { Admission } from "./admission.ts";
import { Coordinator } from "./coordinator.ts";
import { LeaseHolder } from "./lease-holder.ts";
import { type Life, lifeBegan, lifeTold, noLife } from "./life.ts";
import type { CoherenceEvent, Effect, InvalidateEvent } from "./messages.ts";
import { type CoherenceOptions, checkCoherenceOptions } from "./options.ts";
import { Reading } from "./reading.ts";
import type { Checkpoint, LogRecord, Sequence } from "./records.ts";
import { Roster } from "./roster.ts";
import { type Evidence, protocolRules, type Rules } from "./rules.ts";
import { ScopeTable } from "./scope-table.ts";
import type { EndReason, Standing } from "./standing.ts";
import { type Situation, Upkeep } from "./upkeep.ts";
import { firstAfter } from "./wake.ts";

/**
 * A gateway's part in the protocol, without I/O, timers, or randomness: events and the time in,
 * effects out. The same events give the same effects.
 *
 * Invariant: while the lease is held, every invalidation that had returned OK before the clock
 * was read has been applied here (the proof is in the package's README).
 */
export class GatewayCore {
  /** What may be answered: asked on the way of every request. */
  readonly admission: Admission;
  readonly #options: CoherenceOptions;
  readonly #rules: Rules;
  readonly #reading: Reading;
  readonly #table: ScopeTable;
  readonly #roster = new Roster();
  /** Invariant: holds a lease only for a member, and only in the life of the log that we read. */
  readonly #holder: LeaseHolder;
  readonly #coordinator: Coordinator;
  readonly #upkeep: Upkeep;
  #life: Life = noLife;
  #standing: Standing = { kind: "outside" };
  #ids = 0;
  #nowMs = Number.NEGATIVE_INFINITY;
  #effects: Effect[] = [];

  constructor(options: CoherenceOptions, rules: Rules = protocolRules) {
    this.#options = checkCoherenceOptions(options);
    this.#rules = rules;
    const { scopes, reservedScopes, terms, formerWaitMs } = this.#options;
    this.#life = { ...noLife, longestWaitMs: Math.max(terms.waitMs, formerWaitMs) };
    const reading = new Reading(rules);
    const table = new ScopeTable(rules, scopes + reservedScopes);
    const holder = new LeaseHolder(this.#options, rules);
    const roster = this.#roster;
    this.#reading = reading;
    this.#table = table;
    this.#holder = holder;
    const parts = { options: this.#options, rules, table, roster };
    this.#coordinator = new Coordinator(parts);
    this.#upkeep = new Upkeep({ ...parts, holder });
    this.admission = new Admission({ rules, reading, table, holder });
  }

  /** The place in the log up to which everything is known here. */
  get position(): Position {
    return this.#reading.position;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** How many gateways invalidations have to reckon with, ourselves included. */
  get gateways(): number {
    return this.#roster.size;
  }

  /** How many scopes are known to have been invalidated. */
  get scopes(): number {
    return this.#table.size;
  }

  /** When a tick is due, if nothing else happens before. */
  get wakeMs(): number {
    if (this.#standing.kind === "ended") return Number.POSITIVE_INFINITY;
    return firstAfter(this.#nowMs, [
      this.#upkeep.wakeMs(this.#nowMs),
      this.#coordinator.wakeMs(this.#life, this.#nowMs),
    ]);
  }

  /**
   * What an event calls for. `nowMs` is this process's monotonic clock, read after the event
   * arrived and before any effect is carried out: neither once per turn, nor later.
   */
  step(event: CoherenceEvent, nowMs: number): Effect[] {
    assert(nowMs >= this.#nowMs, "a clock does not go back");
    this.#nowMs = nowMs;
    this.#effects = [];
    this.#take(event);
    this.#pursue();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #take(event: CoherenceEvent): void {
    if (this.#standing.kind === "ended") {
      if (event.kind === "invalidate") this.#refuse(event.call, ended(this.#standing.why));
      return;
    }
    switch (event.kind) {
      case "epoch":
        this.#begin(event.epoch, event.before);
        break;
      case "record":
        this.#read(event.position, event.record);
        break;
      case "overtaken":
        this.#end("overtaken");
        break;
      case "appended":
        this.#appended(event.messageId, event.position);
        break;
      case "append-failed":
        this.#appendFailed(event.messageId, event.why);
        break;
      case "ack":
        this.#roster.acknowledge(event.from, event.position);
        break;
      case "invalidate":
        this.#invalidate(event);
        break;
      case "leave":
        this.#leave();
        break;
      case "tick":
        break;
    }
  }

  /** Nothing that we know is about this life: not the table, not the roster, not our lease. */
  #begin(epoch: number, before: Sequence): void {
    const { position } = this.#reading;
    if (epoch === position.epoch) return;
    const isFirst = position.epoch === 0 && this.#options.isLogOurs;
    this.#reading.begin(epoch, before);
    this.#life = lifeBegan(this.#life, epoch, isFirst, this.#nowMs);
    this.#holder.begin();
    this.#table.begin(epoch, before);
    this.#roster.begin(epoch, before);
    this.#upkeep.begin(before);
    this.#coordinator.beginAnew(this.#nowMs);
    if (this.#standing.kind === "leaving") this.#end("left");
    else this.#join(0);
  }

  /** Our record in the roster is to follow the one at `rosterAt`: see `Standing`. */
  #join(rosterAt: Sequence | undefined): void {
    this.#setStanding({ kind: "joining", rosterAt });
  }

  #read(position: Position, record: LogRecord): void {
    switch (this.#reading.arrival(position)) {
      case "foreign":
      case "repeated":
        break;
      case "gap":
        this.#effects.push({ kind: "reread", after: this.#reading.position });
        break;
      case "next":
        this.#reading.advance(position);
        this.#life = lifeTold(this.#life, record);
        this.#upkeep.passed(position.sequence, this.#nowMs);
        this.#apply(record, position.sequence);
    }
  }

  #apply(record: LogRecord, sequence: Sequence): void {
    switch (record.kind) {
      case "invalidation":
        this.#table.invalidate(record.scopes, sequence);
        this.#coordinator.read(record.attempt, this.#reading.position, this.#nowMs);
        this.#acknowledge(record.coordinator);
        break;
      case "unreadable":
        this.#table.invalidateAll(sequence);
        break;
      case "checkpoint":
        this.#restore(record, sequence);
        break;
      case "join":
      case "leave":
      case "heartbeat":
      case "tombstone":
        this.#applyToRoster(record, sequence);
        break;
      default:
        break;
    }
  }

  #restore(checkpoint: Checkpoint, sequence: Sequence): void {
    this.#upkeep.checkpointRead(sequence);
    // One of an earlier life says nothing about this: what was born then is not current, who was a
    // member then has to join, and its places may be those of other records.
    if (checkpoint.epoch !== this.#life.epoch) return;
    this.#table.restore(checkpoint);
    this.#roster.restore(checkpoint, this.#nowMs);
    this.#mayForget(checkpoint.through);
    const { coordinator } = checkpoint;
    if (coordinator !== this.#options.id) this.#acknowledge(coordinator);
    else this.#coordinator.checkpointRead(checkpoint, this.#situation());
  }

  /**
   * Records up to there are about to be erased. If the one that our joining was to follow is among
   * them, an expectation would fail for ever, before the erasure or after it.
   */
  #mayForget(through: Sequence): void {
    const { kind } = this.#standing;
    if (kind !== "joining") return;
    const { rosterAt } = this.#standing;
    if (rosterAt !== undefined && rosterAt > 0 && rosterAt <= through) this.#join(undefined);
  }

  #applyToRoster(
    record: Extract<LogRecord, { kind: "join" | "leave" | "heartbeat" | "tombstone" }>,
    sequence: Sequence,
  ): void {
    const { gateway } = record;
    const isOurs = gateway === this.#options.id;
    switch (record.kind) {
      case "join":
        this.#roster.joined(gateway, sequence, this.#nowMs);
        if (isOurs && this.#standing.kind === "joining") this.#setStanding({ kind: "member" });
        break;
      case "leave":
        // A copy from an earlier life of the log must not remove who joined again in this one.
        if (record.epoch !== this.#life.epoch) {
          if (isOurs && this.#standing.kind === "joining") this.#join(sequence);
          return;
        }
        this.#roster.left(gateway);
        if (isOurs) this.#removed();
        break;
      case "heartbeat":
        this.#roster.heard(gateway, sequence, this.#nowMs);
        if (!isOurs) return;
        this.#witness("read", record.nonce);
        this.#holder.beaten(sequence, this.#nowMs);
        break;
      case "tombstone":
        this.#roster.tombstoned(gateway, sequence, this.#nowMs);
        if (isOurs) this.#removed();
        break;
    }
  }

  /** Who coordinates an invalidation is told that we have applied it. */
  #acknowledge(coordinator: string): void {
    const { kind } = this.#standing;
    if (coordinator === this.#options.id || (kind !== "member" && kind !== "leaving")) return;
    this.#effects.push({ kind: "ack", to: coordinator, position: this.#reading.position });
  }

  #witness(kind: Evidence, nonce: string): void {
    const { terms } = this.#life;
    if (terms === undefined || this.#standing.kind === "leaving") return;
    const wasHeld = this.#holder.isHeld(this.#nowMs);
    this.#holder.witness(kind, nonce, terms, this.#nowMs);
    if (!wasHeld && this.#holder.isHeld(this.#nowMs)) this.#effects.push({ kind: "leased" });
  }

  /** We are out of the roster, or about to be: because we wanted it, or because others did. */
  #removed(): void {
    this.#end(this.#standing.kind === "leaving" ? "left" : "evicted");
  }

  #appended(messageId: string, position: Position): void {
    if (!this.#rules.sameLife(position.epoch, this.#life.epoch)) {
      // Which of two lives is the later one cannot be told. If ours, the record is gone; if the
      // other, we shall hear of it soon. To send it once more is right in both cases.
      this.#appendFailed(messageId, "unavailable");
    } else if (this.#holder.isPossible(messageId, position.sequence)) {
      this.#upkeep.appendEnded(messageId, this.#restMs());
      this.#coordinator.placed(messageId, position, this.#nowMs);
      this.#witness("placed", messageId);
      this.#holder.awaited(messageId, this.#patienceMs(), this.#nowMs);
    } else {
      this.#effects.push({ kind: "suspect-log", why: "our heartbeat got a place that was taken" });
      this.#appendFailed(messageId, "conflict");
    }
  }

  #appendFailed(messageId: string, why: "conflict" | "unavailable"): void {
    this.#upkeep.appendEnded(messageId, this.#restMs());
    this.#coordinator.unplaced(messageId, this.#restMs());
    if (why === "conflict") this.#holder.awaited(messageId, this.#patienceMs(), this.#nowMs);
    else this.#holder.unplaced(messageId, this.#nowMs);
  }

  #invalidate(event: InvalidateEvent): void {
    const isLeaving = this.#standing.kind === "leaving";
    const refusal = isLeaving ? ended("left") : this.#coordinator.add(event, this.#nowMs);
    if (refusal !== undefined) this.#refuse(event.call, refusal);
  }

  #refuse(call: number, error: KvringError): void {
    this.#effects.push({ kind: "not-invalidated", call, error });
  }

  /** The lease goes first: who is not in the roster must not hold one. */
  #leave(): void {
    this.#holder.drop();
    if (this.#standing.kind === "member") this.#setStanding({ kind: "leaving" });
    else if (this.#standing.kind !== "leaving") this.#end("left");
  }

  #end(why: EndReason): void {
    this.#holder.drop();
    this.#setStanding({ kind: "ended", why });
    this.#effects.push(...this.#coordinator.abandon(ended(why)), { kind: "ended", why });
  }

  #setStanding(next: Standing): void {
    assert(this.#standing.kind !== "ended", "an incarnation ends once, and for good");
    this.#standing = next;
  }

  #situation(): Situation {
    return {
      standing: this.#standing,
      applied: this.#reading.position,
      life: this.#life,
      nowMs: this.#nowMs,
      isWritingCheckpoint: this.#coordinator.isWritingCheckpoint,
    };
  }

  /** Until when what the log has of ours would have been read. */
  #patienceMs(): number {
    return this.#nowMs + (this.#life.terms ?? this.#options.terms).waitMs;
  }

  #restMs(): number {
    return this.#nowMs + this.#options.retryMs;
  }

  readonly #freshId = (): string => {
    this.#ids += 1;
    return `${this.#options.id}.${this.#ids}`;
  };

  /** What the state calls for, whatever the event was. */
  #pursue(): void {
    if (this.#holder.isLost(this.#nowMs)) {
      this.#effects.push({ kind: "suspect-log", why: "a heartbeat of ours is gone" });
      this.#end("heartbeat-lost");
    }
    if (this.#standing.kind === "ended") return;
    const heartbeat = this.#upkeep.heartbeat(this.#situation(), this.#freshId);
    if (heartbeat !== undefined) {
      this.#effects.push(heartbeat);
      this.#witness("sent", heartbeat.messageId);
    }
    this.#effects.push(
      ...this.#upkeep.chores(this.#situation(), this.#freshId),
      ...this.#coordinator.pursue(this.#situation(), this.#freshId),
    );
  }
}

function ended(why: EndReason): KvringError {
  return new KvringError("DRAINING", `this gateway is done (${why}): ask another one`);
}
