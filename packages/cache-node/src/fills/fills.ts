import assert from "node:assert";
import { isAtLeast, KvringError, limits, type Position, poisonJob } from "@kvring/core";
import { Deadlines } from "./deadlines.ts";
import type { Effect } from "./effect.ts";
import {
  type Asker,
  Flight,
  findAcceptable,
  type Grant,
  grantTo,
  nextHolder,
  type Waiter,
  waiterOf,
} from "./flight.ts";
import { Waiters } from "./waiters.ts";

export interface FillsOptions {
  readonly waitersPerKey: number;
  readonly waitersPerSession: number;
  /** Inputs that may be staged, in bytes. */
  readonly stagedBytes: number;
  /** How long a token lives after its worker's last sign of life. */
  readonly beginMs: number;
  /** 16 random bytes. */
  newToken(): Uint8Array;
}

export interface FillsCounters {
  grants: number;
  waits: number;
  /** Tokens that ended without a result and went to the next waiter. */
  regrants: number;
}

/**
 * Who computes what, and who waits for it. The first asker of a missing key gets a fill token, the
 * others wait with it; if the token ends without a result, the next waiter gets a new one.
 *
 * A pure state machine: operations and time in, effects out. It has no clock, no I/O and no
 * randomness of its own, and knows entries by their `born` only. Time never goes back.
 */
export class Fills {
  readonly counters: FillsCounters = { grants: 0, waits: 0, regrants: 0 };
  readonly #options: FillsOptions;
  readonly #flights = new Map<string, Set<Flight>>();
  readonly #grants = new Map<string, Grant>();
  readonly #waiters = new Waiters();
  readonly #deadlines = new Deadlines<Waiter | Grant>();
  #effects: Effect[] = [];
  #stagedBytes = 0;

  constructor(options: FillsOptions) {
    this.#options = options;
  }

  /** Open flights, and so live tokens. */
  get size(): number {
    return this.#grants.size;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  get stagedBytes(): number {
    return this.#stagedBytes;
  }

  /** When `advance` has to be called next; undefined: nothing is open. */
  get nextMs(): number | undefined {
    return this.#deadlines.nextMs;
  }

  /** Whether there is a computation that who accepts `minBorn` could wait for. */
  isUnderWay(key: string, minBorn: Position): boolean {
    return findAcceptable(this.#flights.get(key), minBorn) !== undefined;
  }

  /** The effects since the last call, in order. */
  takeEffects(): readonly Effect[] {
    const effects = this.#effects;
    if (effects.length > 0) this.#effects = [];
    return effects;
  }

  /** For looking inside. */
  *open(): Generator<Readonly<Flight>> {
    for (const flights of this.#flights.values()) yield* flights;
  }

  /** What was due by now has happened. */
  advance(nowMs: number): void {
    for (;;) {
      const due = this.#deadlines.takeDue(nowMs);
      if (due === undefined) return;
      if (due.kind === "grant") this.#regrant(due, nowMs);
      else this.#giveUp(due);
    }
  }

  /**
   * Somebody asks for a key that is not there, and waits. `mayOpen`: whether a computation may
   * begin; otherwise only one under way is joined. Throws what the asker is refused with.
   */
  ask(key: string, asker: Asker, minBorn: Position, dueMs: number, mayOpen: boolean): void {
    const flights = this.#flights.get(key);
    this.#checkRoom(asker, flights);
    const joinable = findAcceptable(flights, minBorn);
    if (joinable !== undefined) {
      this.#addWaiter(waiterOf(joinable, { asker, minBorn, dueMs }));
      this.counters.waits += 1;
      this.#effects.push({ kind: "waiting", asker });
      return;
    }
    if (!mayOpen) {
      throw new KvringError("DRAINING", "this node takes no new keys: ask another owner");
    }
    const token = this.#options.newToken();
    const flight = new Flight(key, textOf(token), { asker, minBorn, dueMs });
    if (flights === undefined) this.#flights.set(key, new Set([flight]));
    else flights.add(flight);
    this.#addWaiter(flight.grant.holder);
    this.#addGrant(flight.grant, token);
  }

  /** An asker no longer waits. Its token goes to the next, unless a worker began with it. */
  cancel(asker: Asker, nowMs: number): void {
    const waiter = this.#waiters.find(asker);
    if (waiter === undefined) return;
    const { flight } = waiter;
    const { grant } = flight;
    this.#removeWaiter(waiter);
    // Grant and cancel may have crossed: then the token never arrived, no job was published under
    // it, and the others would wait for it until the patience of the one who left is over.
    if (grant.holder === waiter && !grant.begun) this.#regrant(grant, nowMs);
    else this.#closeIfDeserted(flight);
  }

  /** A peer is gone: its askers do not wait, and its tokens nobody began with go to others. */
  sessionClosed(sessionId: string, nowMs: number): void {
    for (const waiter of this.#waiters.ofSession(sessionId)) {
      this.#removeWaiter(waiter);
      this.#closeIfDeserted(waiter.flight);
    }
    for (const grant of [...this.#grants.values()]) {
      if (grant.holder.asker.sessionId === sessionId && !grant.begun) this.#regrant(grant, nowMs);
    }
  }

  /** Keeps a job's input until its token ends. False: the token is dead. Throws QUEUE_FULL. */
  stage(key: string, token: string, input: Uint8Array): boolean {
    const grant = this.#live(key, token);
    if (grant === undefined) return false;
    const stagedBytes = this.#stagedBytes - (grant.input?.length ?? 0) + input.length;
    if (stagedBytes > this.#options.stagedBytes) {
      throw new KvringError(
        "QUEUE_FULL",
        `inputs of ${this.#stagedBytes} bytes are staged here, at most ${this.#options.stagedBytes} may be: send fewer large requests at a time, or raise the node's bound`,
      );
    }
    grant.input = input;
    this.#stagedBytes = stagedBytes;
    return true;
  }

  /**
   * A worker is about to compute. Undefined: nobody wants it any more, or nobody shall try it
   * again. Attempts are counted here and not by the queue, where a delivery counts that no worker
   * ever saw.
   */
  begin(
    key: string,
    token: string,
    nowMs: number,
  ): { readonly input: Uint8Array | undefined; readonly remainingMs: number } | undefined {
    const grant = this.#live(key, token);
    if (grant === undefined) return undefined;
    if (grant.flight.attempts === limits.attemptsPerJob) {
      this.fail(key, token, poisonJob());
      return undefined;
    }
    grant.flight.attempts += 1;
    grant.begun = true;
    this.#prolong(grant, nowMs);
    let lastMs = nowMs;
    for (const { dueMs } of grant.flight.waiters) lastMs = Math.max(lastMs, dueMs);
    return { input: grant.input, remainingMs: lastMs - nowMs };
  }

  /** A worker still computes. False: it does so for nobody. */
  keep(key: string, token: string, nowMs: number): boolean {
    const grant = this.#live(key, token);
    if (grant === undefined) return false;
    if (grant.begun) this.#prolong(grant, nowMs);
    return true;
  }

  /** The computation failed, and so does everybody who waits for it. */
  fail(key: string, token: string, error: KvringError): boolean {
    const grant = this.#live(key, token);
    if (grant === undefined) return false;
    const { flight } = grant;
    for (const waiter of [...flight.waiters]) {
      this.#removeWaiter(waiter);
      this.#effects.push({ kind: "failed", asker: waiter.asker, error });
    }
    this.#closeIfDeserted(flight);
    return true;
  }

  /** The token is given up. Its holder's wait ends too, or it could get the next one. */
  release(key: string, token: string, nowMs: number): boolean {
    const grant = this.#live(key, token);
    if (grant === undefined) return false;
    const { holder } = grant;
    if (this.#waiters.find(holder.asker) === holder) {
      this.#removeWaiter(holder);
      this.#effects.push({ kind: "missing", asker: holder.asker });
    }
    this.#regrant(grant, nowMs);
    return true;
  }

  /**
   * An answer came: under a live token, under one that has ended, or under none. It is given to
   * everybody whom it is recent enough for; a live token has done its work by it.
   */
  put(key: string, token: string, born: Position, nowMs: number): void {
    const filled = this.#live(key, token)?.flight;
    for (const flight of [...(this.#flights.get(key) ?? [])]) {
      for (const waiter of [...flight.waiters]) {
        if (!isAtLeast(born, waiter.minBorn)) continue;
        this.#removeWaiter(waiter);
        const isOwn = flight === filled && waiter === flight.grant.holder;
        this.#effects.push({ kind: "found", asker: waiter.asker, waited: !isOwn });
      }
      if (flight === filled) this.#regrant(flight.grant, nowMs);
      else this.#closeIfDeserted(flight);
    }
  }

  #checkRoom(asker: Asker, flights: ReadonlySet<Flight> | undefined): void {
    const { waitersPerKey, waitersPerSession } = this.#options;
    if (this.#waiters.find(asker) !== undefined) {
      throw new KvringError("MESSAGE_MALFORMED", `operation ${asker.operationId} is open already`);
    }
    if (this.#waiters.countOf(asker.sessionId) >= waitersPerSession) {
      throw new KvringError(
        "TOO_MANY_IN_FLIGHT",
        `${waitersPerSession} askers of one peer wait here: let some be answered first`,
      );
    }
    let waiting = 0;
    for (const { waiters } of flights ?? []) waiting += waiters.size;
    if (waiting < waitersPerKey) return;
    throw new KvringError(
      "TOO_MANY_WAITERS",
      `${waitersPerKey} askers wait for this answer: ask again when it was computed`,
    );
  }

  /** A token has ended without a result for all: the next waiter gets one, if there is a next. */
  #regrant(grant: Grant, nowMs: number): void {
    const { flight } = grant;
    this.#endGrant(grant);
    const holder = nextHolder(flight, nowMs);
    if (holder === undefined) {
      for (const waiter of [...flight.waiters]) this.#giveUp(waiter);
      this.#closeIfDeserted(flight);
      return;
    }
    const other = findAcceptable(this.#flights.get(flight.key), holder.minBorn, flight);
    if (other !== undefined) {
      // Another computation of the key, under way already, does for all of them.
      for (const waiter of flight.waiters) {
        waiter.flight = other;
        other.waiters.add(waiter);
      }
      flight.waiters.clear();
      this.#closeIfDeserted(flight);
      return;
    }
    const token = this.#options.newToken();
    flight.born = holder.minBorn;
    flight.grant = grantTo(holder, textOf(token));
    this.counters.regrants += 1;
    this.#addGrant(flight.grant, token);
  }

  #addGrant(grant: Grant, token: Uint8Array): void {
    assert(!this.#grants.has(grant.token), "a token is given once");
    this.#grants.set(grant.token, grant);
    this.#deadlines.add(grant);
    this.counters.grants += 1;
    const { key } = grant.flight;
    this.#effects.push({ kind: "granted", asker: grant.holder.asker, token, key });
  }

  #live(key: string, token: string): Grant | undefined {
    const grant = this.#grants.get(token);
    return grant?.flight.key === key ? grant : undefined;
  }

  #prolong(grant: Grant, nowMs: number): void {
    this.#deadlines.remove(grant);
    grant.dueMs = nowMs + this.#options.beginMs;
    this.#deadlines.add(grant);
  }

  #addWaiter(waiter: Waiter): void {
    waiter.flight.waiters.add(waiter);
    this.#waiters.add(waiter);
    this.#deadlines.add(waiter);
  }

  #removeWaiter(waiter: Waiter): void {
    waiter.flight.waiters.delete(waiter);
    this.#waiters.remove(waiter);
    this.#deadlines.remove(waiter);
  }

  #giveUp(waiter: Waiter): void {
    this.#removeWaiter(waiter);
    const error = new KvringError("DEADLINE_EXCEEDED", "the answer was not computed in time");
    this.#effects.push({ kind: "refused", asker: waiter.asker, error });
    this.#closeIfDeserted(waiter.flight);
  }

  #closeIfDeserted(flight: Flight): void {
    if (flight.waiters.size > 0) return;
    this.#endGrant(flight.grant);
    const flights = this.#flights.get(flight.key);
    flights?.delete(flight);
    if (flights?.size === 0) this.#flights.delete(flight.key);
  }

  #endGrant(grant: Grant): void {
    this.#grants.delete(grant.token);
    this.#deadlines.remove(grant);
    this.#stagedBytes -= grant.input?.length ?? 0;
    grant.input = undefined;
  }
}

/** Keys and tokens as strings of one character a byte: what a Map compares by content. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
