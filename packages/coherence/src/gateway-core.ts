import assert from "node:assert/strict";
import { KvringError, type Position } from "@kvring/core";
import { Admission } from "./admission.ts";
import { Checkpoints } from "./checkpoints.ts";
import { Chores, type Need } from "./chores.ts";
import { Coordinator } from "./coordinator.ts";
import { LeaseHolder } from "./lease-holder.ts";
import { type Life, lifeBegan, lifeTold, noLife } from "./life.ts";
import type { CoherenceEvent, Effect, InvalidateEvent } from "./messages.ts";
import { needsOf } from "./needs.ts";
import { type CoherenceOptions, checkCoherenceOptions } from "./options.ts";
import { Reading } from "./reading.ts";
import type { LogRecord, Sequence } from "./records.ts";
import { Roster } from "./roster.ts";
import { type Evidence, protocolRules, type Rules } from "./rules.ts";
import { ScopeTable } from "./scope-table.ts";
import type { EndReason, Standing } from "./standing.ts";
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
  readonly #checkpoints: Checkpoints;
  readonly #chores = new Chores();
  #life: Life = noLife;
  #standing: Standing = { kind: "outside" };
  #ids = 0;
  #nowMs = Number.NEGATIVE_INFINITY;
  #effects: Effect[] = [];

  constructor(options: CoherenceOptions, rules: Rules = protocolRules) {
    this.#options = checkCoherenceOptions(options);
    this.#rules = rules;
    const { scopes, reservedScopes } = this.#options;
    const reading = new Reading(rules);
    const table = new ScopeTable(rules, scopes + reservedScopes);
    const holder = new LeaseHolder(this.#options, rules);
    const roster = this.#roster;
    this.#reading = reading;
    this.#table = table;
    this.#holder = holder;
    this.#coordinator = new Coordinator({ options: this.#options, rules, table, roster });
    this.#checkpoints = new Checkpoints(this.#options);
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
      this.#holder.wakeMs(),
      this.#chores.wakeMs(this.#nowMs),
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
        return this.#begin(event.epoch, event.before);
      case "record":
        return this.#read(event.position, event.record);
      case "overtaken":
        return this.#end("overtaken");
      case "appended":
        return this.#appended(event.messageId, event.position);
      case "append-failed":
        return this.#appendFailed(event.messageId, event.why);
      case "ack":
        return this.#roster.acknowledge(event.from, event.position);
      case "invalidate":
        return this.#invalidate(event);
      case "leave":
        return this.#leave();
      case "tick":
        return;
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
    this.#table.begin(epoch);
    this.#roster.begin(epoch, before);
    this.#checkpoints.begin(before);
    this.#coordinator.beginAnew(this.#nowMs);
    if (this.#standing.kind === "leaving") this.#end("left");
    else this.#setStanding({ kind: "joining" });
  }

  #read(position: Position, record: LogRecord): void {
    switch (this.#reading.arrival(position)) {
      case "foreign":
      case "repeated":
        return;
      case "gap":
        this.#effects.push({ kind: "reread", after: this.#reading.position });
        return;
      case "next":
        this.#reading.advance(position);
        this.#life = lifeTold(this.#life, record);
        this.#checkpoints.passed(position.sequence, this.#nowMs);
        this.#apply(record, position.sequence);
    }
  }

  #apply(record: LogRecord, sequence: Sequence): void {
    switch (record.kind) {
      case "invalidation":
        this.#table.invalidate(record.scopes, sequence);
        this.#coordinator.committed(record.attempt, this.#reading.position, this.#nowMs);
        this.#acknowledge(record.coordinator);
        return;
      case "unreadable":
        return this.#table.invalidateAll(sequence);
      case "checkpoint":
        this.#table.restore(record);
        this.#roster.restore(record, this.#nowMs);
        this.#checkpoints.read(sequence);
        if (record.coordinator !== this.#options.id) this.#acknowledge(record.coordinator);
        else this.#coordinator.checkpointRead(record, this.#now());
        return;
      case "join":
      case "leave":
      case "heartbeat":
      case "tombstone":
        return this.#applyToRoster(record, sequence);
      default:
        return;
    }
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
        return;
      case "leave":
        // A copy from an earlier life of the log must not remove who joined again in this one.
        if (record.epoch !== this.#life.epoch) return;
        this.#roster.left(gateway, sequence);
        if (isOurs) this.#removed();
        return;
      case "heartbeat":
        this.#roster.heard(gateway, sequence, this.#nowMs);
        if (!isOurs) return;
        this.#witness("read", record.nonce);
        return this.#holder.beaten(sequence, this.#nowMs);
      case "tombstone":
        this.#roster.tombstoned(gateway, sequence, this.#nowMs);
        if (isOurs) this.#removed();
        return;
    }
  }

  /** Who coordinates an invalidation is told that we have applied it. */
  #acknowledge(coordinator: string): void {
    if (coordinator === this.#options.id || this.#standing.kind !== "member") return;
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
      this.#chores.ended(messageId, this.#restMs());
      this.#coordinator.committed(messageId, position, this.#nowMs);
      this.#witness("placed", messageId);
    } else {
      this.#effects.push({ kind: "suspect-log", why: "our heartbeat got a place that was taken" });
      this.#appendFailed(messageId, "conflict");
    }
  }

  #appendFailed(messageId: string, why: "conflict" | "unavailable"): void {
    this.#chores.ended(messageId, this.#restMs());
    this.#coordinator.unplaced(messageId, this.#restMs());
    const doubtMs = this.#nowMs + (this.#life.terms ?? this.#options.terms).waitMs;
    if (why === "conflict") this.#holder.doubted(messageId, doubtMs, this.#nowMs);
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

  #now() {
    return { applied: this.#reading.position, life: this.#life, nowMs: this.#nowMs };
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
    if (this.#isAway()) return;
    this.#renewLease();
    if (this.#isAway()) return;
    this.#seeToNeeds();
    this.#effects.push(...this.#coordinator.pursue(this.#now(), this.#freshId));
  }

  #isAway(): boolean {
    return this.#standing.kind === "outside" || this.#standing.kind === "ended";
  }

  #renewLease(): void {
    const { terms } = this.#life;
    if (terms === undefined || this.#standing.kind === "leaving") return;
    if (this.#holder.isLost(this.#nowMs)) {
      this.#effects.push({ kind: "suspect-log", why: "a heartbeat of ours is gone" });
      return this.#end("heartbeat-lost");
    }
    if (!this.#rules.mayHeartbeat(this.#standing.kind === "member")) return;
    const heartbeat = this.#holder.next(this.#freshId, this.#reading.position, this.#nowMs);
    if (heartbeat === undefined) return;
    const { nonce, expectedLast } = heartbeat;
    const record = { kind: "heartbeat" as const, gateway: this.#options.id, nonce };
    this.#effects.push({ kind: "append", messageId: nonce, record, expectedLast });
    this.#witness("sent", nonce);
  }

  #seeToNeeds(): void {
    const needs = needsOf({
      options: this.#options,
      rules: this.#rules,
      standing: this.#standing,
      life: this.#life,
      lease: this.#holder.lease,
      roster: this.#roster,
      nowMs: this.#nowMs,
    });
    const checkpoint = this.#checkpointNeed();
    if (checkpoint !== undefined) needs.push(checkpoint);
    for (const taken of this.#chores.take(needs, this.#nowMs, this.#freshId)) {
      const { messageId, record, expectedLast } = taken;
      this.#effects.push({ kind: "append", messageId, record, expectedLast });
    }
  }

  /** Under a lease only: then we have read all that a checkpoint has to say. */
  #checkpointNeed(): Need | undefined {
    if (this.#standing.kind !== "member" || !this.#holder.isHeld(this.#nowMs)) return undefined;
    if (this.#coordinator.isWritingCheckpoint) return undefined;
    return this.#checkpoints.need({
      position: this.#reading.position,
      life: this.#life,
      roster: this.#roster,
      table: this.#table,
      nowMs: this.#nowMs,
    });
  }
}

function ended(why: EndReason): KvringError {
  return new KvringError("DRAINING", `this gateway is done (${why}): ask another one`);
}
