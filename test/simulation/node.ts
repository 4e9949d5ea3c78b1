import type { Rules } from "@kvring/coherence";
import { type Position, supersedes } from "@kvring/core";
import type { Entry } from "./entry.ts";
import type { Network, Receiver } from "./network.ts";
import type { Process } from "./process.ts";
import type { Random } from "./random.ts";
import type { Truth } from "./truth.ts";

/** What a node says to who asked. */
export type Answer =
  | { readonly kind: "found"; readonly entry: Entry }
  | { readonly kind: "missing" }
  | { readonly kind: "granted"; readonly token: number }
  | { readonly kind: "waiting" };

export interface Lookup {
  readonly key: string;
  readonly minBorn: Position;
  /** Whether the asker waits for a computation, and does one if it is told to. */
  readonly waits: boolean;
  readonly asker: Receiver;
  onAnswer(answer: Answer): void;
}

interface Flight {
  readonly token: number;
  /** What is computed is born there or later. */
  readonly minBorn: Position;
  readonly expiresMs: number;
  waiters: Lookup[];
}

/** A cache node: entries, and one fill token per key at a time. */
export class CacheNode {
  readonly process: Process;
  readonly #network: Network;
  readonly #rules: Rules;
  readonly #truth: Truth;
  readonly #tokenMs: number;
  readonly #entries = new Map<string, Entry>();
  readonly #flights = new Map<string, Flight>();
  /** By token, the key: for the check that a key has one at most. */
  readonly #liveTokens = new Map<number, string>();
  #tokens = 0;

  constructor(parts: {
    readonly process: Process;
    readonly network: Network;
    readonly rules: Rules;
    readonly truth: Truth;
    readonly tokenMs: number;
  }) {
    this.process = parts.process;
    this.#network = parts.network;
    this.#rules = parts.rules;
    this.#truth = parts.truth;
    this.#tokenMs = parts.tokenMs;
  }

  lookup(lookup: Lookup): void {
    const { key, minBorn, waits } = lookup;
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#rules.mayReturn(entry.born, minBorn)) {
      return this.#say(lookup, { kind: "found", entry });
    }
    if (!waits) return this.#say(lookup, { kind: "missing" });
    const flight = this.#flight(key);
    if (flight === undefined) return this.#grant(lookup, []);
    if (this.#rules.mayJoin(flight.minBorn, minBorn)) {
      flight.waiters.push(lookup);
      return this.#say(lookup, { kind: "waiting" });
    }
    // What is under way is too old for this asker, and what it will have computed is new enough
    // for all who wait.
    this.#grant(lookup, flight.waiters);
  }

  /** A fill, a copy for a replica, or a repair; possibly late, or for the second time. */
  put(key: string, entry: Entry, token: number | undefined): void {
    const kept = this.#entries.get(key);
    if (kept === undefined || supersedes(entry.born, kept.born)) this.#entries.set(key, entry);
    const flight = this.#flight(key);
    if (flight === undefined) return;
    const served = flight.waiters.filter(({ minBorn }) => this.#rules.mayReturn(entry.born, minBorn));
    flight.waiters = flight.waiters.filter((waiter) => !served.includes(waiter));
    for (const waiter of served) this.#say(waiter, { kind: "found", entry });
    if (token === flight.token) this.#next(key, flight);
    else if (flight.waiters.length === 0) this.#end(key, flight);
  }

  /** The holder of a token gives it up: the next waiter gets one. */
  release(key: string, token: number): void {
    const flight = this.#flights.get(key);
    if (flight?.token === token) this.#next(key, flight);
  }

  /** Somebody waits no longer. */
  cancel(lookup: Lookup): void {
    const flight = this.#flights.get(lookup.key);
    if (flight !== undefined) flight.waiters = flight.waiters.filter((one) => one !== lookup);
  }

  /** An entry is pushed out. */
  evict(random: Random): void {
    const key = random.pickOrNone([...this.#entries.keys()]);
    if (key !== undefined) this.#entries.delete(key);
  }

  #flight(key: string): Flight | undefined {
    const flight = this.#flights.get(key);
    if (flight === undefined || this.process.nowMs() < flight.expiresMs) return flight;
    this.#next(key, flight);
    return this.#flights.get(key);
  }

  #grant(lookup: Lookup, waiting: readonly Lookup[]): void {
    const { key, minBorn } = lookup;
    const before = this.#flights.get(key);
    if (before !== undefined) this.#end(key, before);
    this.#tokens += 1;
    const token = this.#tokens;
    const expiresMs = this.process.nowMs() + this.#tokenMs;
    this.#flights.set(key, { token, minBorn, expiresMs, waiters: [...waiting, lookup] });
    if ([...this.#liveTokens.values()].includes(key)) {
      this.#truth.violated(`two live fill tokens for ${key} at ${this.process.id}`);
    }
    this.#liveTokens.set(token, key);
    this.process.after(this.#tokenMs, () => this.#flight(key));
    this.#say(lookup, { kind: "granted", token });
  }

  /** The flight's token is over, and whoever still waits has to be helped: the first by a new one. */
  #next(key: string, flight: Flight): void {
    this.#end(key, flight);
    const [first, ...others] = flight.waiters;
    if (first === undefined) return;
    const staying = others.filter(({ minBorn }) => this.#rules.mayJoin(first.minBorn, minBorn));
    const leaving = others.filter((waiter) => !staying.includes(waiter));
    this.#grant(first, staying);
    // They need something newer than the first one does, and ask again.
    for (const waiter of leaving) this.lookup(waiter);
  }

  #end(key: string, flight: Flight): void {
    this.#flights.delete(key);
    this.#liveTokens.delete(flight.token);
  }

  #say(lookup: Lookup, answer: Answer): void {
    this.#network.send(this.process.id, lookup.asker, () => lookup.onAnswer(answer));
  }
}
