import { isAtLeast, type Position } from "@kvring/core";
import type { Timed } from "./deadlines.ts";

/** Whose operation it is: results go to that session under that id. */
export interface Asker {
  readonly sessionId: string;
  readonly operationId: number;
}

/** Somebody who waits for a computation. */
export interface Waiter extends Timed {
  readonly kind: "waiter";
  readonly asker: Asker;
  /** Nothing born before this is an answer. */
  readonly minBorn: Position;
  flight: Flight;
}

/** The right to compute a flight's answer. A flight has one at a time, and a new one for each holder. */
export interface Grant extends Timed {
  readonly kind: "grant";
  readonly flight: Flight;
  readonly token: string;
  readonly holder: Waiter;
  /** Whether a worker said that it computes; then the token outlives its holder's session. */
  begun: boolean;
  dueMs: number;
  /** The job's input, where it is too large for the queue. */
  input: Uint8Array | undefined;
}

/**
 * One computation of one key, and who waits for it.
 *
 * Invariant: it has a live grant and at least one waiter, or it is gone. Every waiter accepts what
 * is born at `born`. No two flights of a key are of one epoch and one `born`: an asker for whom an
 * open flight is recent enough joins it.
 */
export class Flight {
  readonly key: string;
  /** What is computed will be born at this position or later. */
  born: Position;
  grant: Grant;
  /** Workers that said that they compute it, under this grant and earlier ones. */
  attempts = 0;
  /** In order of arrival. */
  readonly waiters = new Set<Waiter>();

  constructor(key: string, token: string, first: Pick<Waiter, "asker" | "minBorn" | "dueMs">) {
    this.key = key;
    this.born = first.minBorn;
    this.grant = grantTo(waiterOf(this, first), token);
  }
}

/** Not yet among the flight's waiters. */
export function waiterOf(
  flight: Flight,
  { asker, minBorn, dueMs }: Pick<Waiter, "asker" | "minBorn" | "dueMs">,
): Waiter {
  return { kind: "waiter", asker, minBorn, dueMs, place: -1, flight };
}

export function grantTo(holder: Waiter, token: string): Grant {
  const { flight, dueMs } = holder;
  const fresh = { begun: false, place: -1, input: undefined };
  return { kind: "grant", flight, token, holder, dueMs, ...fresh };
}

/** The newest computation under way that is recent enough. */
export function findAcceptable(
  flights: ReadonlySet<Flight> | undefined,
  minBorn: Position,
  except?: Flight,
): Flight | undefined {
  let found: Flight | undefined;
  for (const flight of flights ?? []) {
    if (flight !== except && isAtLeast(flight.born, minBorn)) found = flight;
  }
  return found;
}

/**
 * Who computes next: somebody with time left whom nothing older will do, so that the result does
 * for all the others; and rather not the one whose token has just ended.
 */
export function nextHolder(flight: Flight, nowMs: number): Waiter | undefined {
  let next: Waiter | undefined;
  for (const waiter of flight.waiters) {
    if (waiter.dueMs <= nowMs) continue;
    if (next === undefined || isBefore(next, waiter, flight.grant.holder)) next = waiter;
  }
  return next;
}

function isBefore(best: Waiter, waiter: Waiter, former: Waiter): boolean {
  if (!isAtLeast(best.minBorn, waiter.minBorn)) return true;
  return best === former && isAtLeast(waiter.minBorn, best.minBorn);
}
