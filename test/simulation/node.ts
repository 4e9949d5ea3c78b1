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
  /** How long the asker waits for a computation, or does one if it is told to. 0: it does neither. */
  readonly waitMs: number;
  readonly asker: Receiver;
  onAnswer(answer: Answer): void;
}

interface Waiter {
  readonly lookup: Lookup;
  /** Its cancellation may be lost. */
  readonly untilMs: number;
}

interface Flight {
  readonly token: number;
  /** What is computed is born there or later. */
  readonly minBorn: Position;
  readonly expiresMs: number;
  waiters: Waiter[];
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
  #tokens: number;

  constructor(parts: {
    readonly process: Process;
    readonly network: Network;
    readonly rules: Rules;
    readonly truth: Truth;
    readonly tokenMs: number;
    /** No token of an earlier life of the node is given again. */
    readonly firstToken: number;
  }) {
    this.process = parts.process;
    this.#network = parts.network;
    this.#rules = parts.rules;
    this.#truth = parts.truth;
    this.#tokenMs = parts.tokenMs;
    this.#tokens = parts.firstToken;
  }

  lookup(lookup: Lookup): void {
    const { key, minBorn, waitMs } = lookup;
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#rules.mayReturn(entry.born, minBorn)) {
      this.#say(lookup, { kind: "found", entry });
    } else if (waitMs === 0) {
      this.#say(lookup, { kind: "missing" });
    } else {
      this.#wait({ lookup, untilMs: this.process.nowMs() + waitMs });
    }
  }

  #wait(waiter: Waiter): void {
    const { key, minBorn } = waiter.lookup;
    const flight = this.#flight(key);
    if (flight !== undefined && this.#rules.mayJoin(flight.minBorn, minBorn)) {
      flight.waiters.push(waiter);
      this.#say(waiter.lookup, { kind: "waiting" });
      return;
    }
    // What is under way, if anything, is too old for this asker; and what it will have computed is
    // new enough for all who wait.
    this.#grant(waiter, flight?.waiters ?? []);
  }

  /** A fill, a copy for a replica, or a repair; possibly late, or for the second time. */
  put(key: string, entry: Entry, token: number | undefined): void {
    const kept = this.#entries.get(key);
    if (kept === undefined || supersedes(entry.born, kept.born)) this.#entries.set(key, entry);
    const flight = this.#flight(key);
    if (flight === undefined) return;
    const served = flight.waiters.filter(({ lookup }) =>
      this.#rules.mayReturn(entry.born, lookup.minBorn),
    );
    flight.waiters = flight.waiters.filter((waiter) => !served.includes(waiter));
    for (const { lookup } of served) this.#say(lookup, { kind: "found", entry });
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
    if (flight !== undefined)
      flight.waiters = flight.waiters.filter((one) => one.lookup !== lookup);
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

  #grant(waiter: Waiter, waiting: readonly Waiter[]): void {
    const { key, minBorn } = waiter.lookup;
    const before = this.#flights.get(key);
    if (before !== undefined) this.#end(key, before);
    this.#tokens += 1;
    const token = this.#tokens;
    const expiresMs = this.process.nowMs() + this.#tokenMs;
    this.#flights.set(key, { token, minBorn, expiresMs, waiters: [...waiting, waiter] });
    if ([...this.#liveTokens.values()].includes(key)) {
      this.#truth.violated(`two live fill tokens for ${key} at ${this.process.id}`);
    }
    this.#liveTokens.set(token, key);
    this.process.after(this.#tokenMs, () => this.#flight(key));
    this.#say(waiter.lookup, { kind: "granted", token });
  }

  /** The flight's token is over, and whoever still waits has to be helped: the first by a new one. */
  #next(key: string, flight: Flight): void {
    this.#end(key, flight);
    const nowMs = this.process.nowMs();
    const [first, ...others] = flight.waiters.filter(({ untilMs }) => nowMs < untilMs);
    if (first === undefined) return;
    const staying = others.filter(({ lookup }) =>
      this.#rules.mayJoin(first.lookup.minBorn, lookup.minBorn),
    );
    const leaving = others.filter((waiter) => !staying.includes(waiter));
    this.#grant(first, staying);
    // They need something newer than the first one does.
    for (const waiter of leaving) this.#wait(waiter);
  }

  #end(key: string, flight: Flight): void {
    this.#flights.delete(key);
    this.#liveTokens.delete(flight.token);
  }

  #say(lookup: Lookup, answer: Answer): void {
    this.#network.send(this.process.id, lookup.asker, () => lookup.onAnswer(answer));
  }
}
