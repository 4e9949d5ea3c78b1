import type { Position, ScopeId } from "@kvring/core";
import type { LeaseHolder } from "./lease-holder.ts";
import type { Reading } from "./reading.ts";
import type { Rules } from "./rules.ts";
import type { ScopeTable } from "./scope-table.ts";

/** An entry's proof of age, as `EntryHeader` of the core package carries it. */
export interface Proof {
  readonly born: Position;
  readonly scopes: readonly ScopeId[];
}

/**
 * Which requests a gateway may answer, and with what. Asked on the way of every hit: nothing here
 * waits, allocates for a hit, or changes anything.
 */
export class Admission {
  readonly #rules: Rules;
  readonly #reading: Reading;
  readonly #table: ScopeTable;
  readonly #holder: LeaseHolder;

  constructor(parts: {
    readonly rules: Rules;
    readonly reading: Reading;
    readonly table: ScopeTable;
    readonly holder: LeaseHolder;
  }) {
    this.#rules = parts.rules;
    this.#reading = parts.reading;
    this.#table = parts.table;
    this.#holder = parts.holder;
  }

  /**
   * Takes a request in: the position from which answers may be given to it whatever is invalidated
   * later, or nothing, without a lease. `nowMs` is read for this call, after the request came.
   */
  admit(nowMs: number): Position | undefined {
    return this.#holder.isHeld(nowMs) ? this.#reading.position : undefined;
  }

  /**
   * How old the knowledge is, at most, that answers would rest on without a lease: for
   * `stale-if-error`. Infinity before the first lease in this life of the log.
   */
  leaseAgeMs(nowMs: number): number {
    return nowMs - this.#holder.lease.startMs;
  }

  /** Nothing born before may be looked up for a request with these scopes, or joined by it. */
  minBorn(scopes: readonly ScopeId[]): Position {
    const { epoch } = this.#reading.position;
    return { epoch, sequence: this.#table.lastInvalidated(scopes) };
  }

  /** Whether the entry may be given to any request; `requestScopes` are those of its own tags. */
  isCurrent(entry: Proof, requestScopes: readonly ScopeId[]): boolean {
    const table = this.#table;
    const { born } = entry;
    // Before the scopes are read: nearly always nothing at all was invalidated meanwhile.
    if (table.isUntouchedSince(born)) return true;
    return table.isCurrent(entry.scopes, born) && table.isCurrent(requestScopes, born);
  }

  /** Whether the entry may be the answer to a request that was admitted at `admitted`. */
  mayDeliver(entry: Proof, requestScopes: readonly ScopeId[], admitted: Position): boolean {
    return this.#rules.mayDeliver(this.isCurrent(entry, requestScopes), entry.born, admitted);
  }

  /** Whether a request with these scopes may wait for what was dispatched at `flightBorn`. */
  mayJoin(scopes: readonly ScopeId[], flightBorn: Position): boolean {
    return this.#rules.mayJoin(flightBorn, this.minBorn(scopes));
  }
}
