import assert from "node:assert/strict";
import { isAtLeast, KvringError, type Position, type ScopeId } from "@kvring/core";
import type { Confirmation, Confirmed } from "./confirmation.ts";
import type { Rules } from "./rules.ts";
import { firstAfter } from "./wake.ts";

/** A caller's wish. */
export interface InvalidationCall {
  /** Chosen by the caller; comes back with the result. */
  readonly call: number;
  readonly scopes: readonly ScopeId[];
  /** By our clock. */
  readonly deadlineMs: number;
}

export interface InvalidationResult {
  /** Where in the log it is: nothing older is given any more, anywhere. */
  readonly position: Position;
  /** How many gateways there were. */
  readonly gateways: number;
  /** How many of them said that they know. The leases of the others had run out. */
  readonly acknowledged: number;
  readonly waitedMs: number;
}

export type Settled =
  | { readonly call: number; readonly result: InvalidationResult }
  | { readonly call: number; readonly error: KvringError };

interface Waiting extends InvalidationCall {
  readonly sinceMs: number;
}

/** Callers who share one record. */
interface Batch {
  readonly calls: Waiting[];
  /** Invariant: once a record was sent they stay as they are (see `Rules.mayShare`). */
  readonly scopes: Set<ScopeId>;
  isSent: boolean;
  state: BatchState;
}

type BatchState =
  | { readonly step: "queued"; readonly fromMs: number }
  | { readonly step: "appending"; readonly attempt: string }
  /** The log has the record, as it says, or as our reader shows. */
  | {
      readonly step: "committed";
      readonly position: Position;
      readonly committedMs: number;
      readonly isRead: boolean;
    }
  | { readonly step: "confirming"; readonly confirmation: Confirmation };

export interface InvalidationLimits {
  /** Callers at a time. */
  readonly calls: number;
  /** Scopes that share a record. */
  readonly scopesPerRecord: number;
}

/**
 * The invalidations that this gateway coordinates. One append is under way at a time; who comes
 * meanwhile shares the next record.
 */
export class Invalidations {
  readonly #limits: InvalidationLimits;
  readonly #rules: Rules;
  /** In order of arrival. Invariant: at most one is appending, and only that may have no callers. */
  #batches: Batch[] = [];
  /** Every attempt whose record would serve a batch: also one that failed may have been placed. */
  readonly #attempts = new Map<string, Batch>();
  #calls = 0;

  constructor(limits: InvalidationLimits, rules: Rules) {
    assert(limits.calls >= 1 && limits.scopesPerRecord >= 1, "an invalidation has room");
    this.#limits = limits;
    this.#rules = rules;
  }

  /** Scopes that will be in the table before long. */
  get scopesUnderWay(): number {
    return this.#batches.reduce((sum, { scopes }) => sum + scopes.size, 0);
  }

  /** Takes the call in, or says why not. */
  add(call: InvalidationCall, nowMs: number): KvringError | undefined {
    if (this.#calls >= this.#limits.calls) {
      return new KvringError(
        "QUEUE_FULL",
        `${this.#limits.calls} invalidations are under way at this gateway; name several scopes in one, or retry later`,
      );
    }
    this.#calls += 1;
    const batch = this.#roomFor(call, nowMs);
    batch.calls.push({ ...call, sinceMs: nowMs });
    for (const scope of call.scopes) batch.scopes.add(scope);
    return undefined;
  }

  #roomFor({ scopes }: InvalidationCall, nowMs: number): Batch {
    const last = this.#batches.at(-1);
    const room = this.#limits.scopesPerRecord - scopes.length;
    const isShared = last !== undefined && this.#rules.mayShare(last.isSent);
    if (isShared && last.scopes.size <= room) return last;
    const batch: Batch = {
      calls: [],
      scopes: new Set(),
      isSent: false,
      state: { step: "queued", fromMs: nowMs },
    };
    this.#batches.push(batch);
    return batch;
  }

  /** The scopes to append now, under a fresh attempt, if any. */
  next(
    freshId: () => string,
    nowMs: number,
  ): { readonly attempt: string; readonly scopes: readonly ScopeId[] } | undefined {
    if (this.#batches.some(({ state }) => state.step === "appending")) return undefined;
    const batch = this.#batches.find(
      ({ state }) => state.step === "queued" && nowMs >= state.fromMs,
    );
    if (batch === undefined) return undefined;
    const attempt = freshId();
    batch.isSent = true;
    batch.state = { step: "appending", attempt };
    this.#attempts.set(attempt, batch);
    return { attempt, scopes: [...batch.scopes] };
  }

  /** The log says that it has the record. */
  placed(attempt: string, position: Position, nowMs: number): void {
    const batch = this.#attempts.get(attempt);
    if (batch === undefined || isCommitted(batch)) return;
    batch.state = { step: "committed", position, committedMs: nowMs, isRead: false };
    this.#clear();
  }

  /** Our reader gave us the record. */
  read(attempt: string, position: Position, nowMs: number): void {
    const batch = this.#attempts.get(attempt);
    if (batch === undefined || batch.state.step === "confirming") return;
    const { state } = batch;
    const committedMs = state.step === "committed" ? state.committedMs : nowMs;
    batch.state = { step: "committed", position, committedMs, isRead: true };
    this.#clear();
  }

  /** The log did not say so. It may have it all the same, and another attempt does no harm. */
  unplaced(attempt: string, untilMs: number): void {
    const batch = this.#attempts.get(attempt);
    if (batch?.state.step !== "appending" || batch.state.attempt !== attempt) return;
    batch.state = { step: "queued", fromMs: untilMs };
    this.#clear();
  }

  /** The log began another life: what it had of ours may be gone. */
  beginAnew(nowMs: number): void {
    for (const batch of this.#batches) {
      if (batch.state.step === "appending") continue;
      batch.state = { step: "queued", fromMs: nowMs };
    }
  }

  /**
   * Lets `confirm` begin to wait for those whose record was read. A record whose place our reader
   * has passed without it is gone, and has to be appended anew.
   */
  begin(
    applied: Position,
    confirm: (position: Position, committedMs: number) => Confirmation | undefined,
  ): void {
    for (const batch of this.#batches) {
      const { state } = batch;
      if (state.step !== "committed") continue;
      const confirmation = this.#rules.knowsRoster(state.isRead)
        ? confirm(state.position, state.committedMs)
        : undefined;
      if (confirmation !== undefined) batch.state = { step: "confirming", confirmation };
      else if (!state.isRead && isAtLeast(applied, state.position)) {
        batch.state = { step: "queued", fromMs: state.committedMs };
      }
    }
  }

  /** Results of those that are confirmed, and refusals of those whose time is over. */
  settle(check: (confirmation: Confirmation) => Confirmed | undefined, nowMs: number): Settled[] {
    const settled: Settled[] = [];
    for (const batch of this.#batches) {
      const confirmed =
        batch.state.step === "confirming" ? check(batch.state.confirmation) : undefined;
      if (confirmed === undefined) this.#expire(batch, nowMs, settled);
      else {
        for (const { call, sinceMs } of batch.calls.splice(0)) {
          settled.push({ call, result: { ...confirmed, waitedMs: nowMs - sinceMs } });
        }
      }
    }
    this.#end(settled);
    return settled;
  }

  /** Nothing is promised to anybody any more. */
  abandon(error: KvringError): Settled[] {
    const calls = this.#batches.flatMap((batch) => batch.calls.splice(0));
    const settled = calls.map(({ call }) => ({ call, error }));
    this.#end(settled);
    return settled;
  }

  wakeMs(confirmationWakeMs: (confirmation: Confirmation) => number, nowMs: number): number {
    const moments = this.#batches.flatMap(({ state, calls }) => {
      const deadlines = calls.map(({ deadlineMs }) => deadlineMs);
      if (state.step === "queued") deadlines.push(state.fromMs);
      if (state.step === "confirming") deadlines.push(confirmationWakeMs(state.confirmation));
      return deadlines;
    });
    return firstAfter(nowMs, moments);
  }

  #expire(batch: Batch, nowMs: number, settled: Settled[]): void {
    for (let index = batch.calls.length - 1; index >= 0; index -= 1) {
      const waiting = batch.calls[index];
      if (waiting === undefined || nowMs < waiting.deadlineMs) continue;
      batch.calls.splice(index, 1);
      settled.push({ call: waiting.call, error: late(batch.state.step) });
    }
  }

  #end(settled: readonly Settled[]): void {
    if (settled.length === 0) return;
    this.#calls -= settled.length;
    assert(this.#calls >= 0, "a call ends once");
    this.#clear();
  }

  #clear(): void {
    this.#batches = this.#batches.filter(isWanted);
    for (const [attempt, batch] of this.#attempts) {
      if (!isWanted(batch)) this.#attempts.delete(attempt);
    }
  }
}

function isCommitted({ state }: Batch): boolean {
  return state.step === "committed" || state.step === "confirming";
}

/** An append under way is one, whether or not its callers have given up. */
function isWanted({ calls, state }: Batch): boolean {
  return calls.length > 0 || state.step === "appending";
}

function late(step: BatchState["step"]): KvringError {
  const why =
    step === "confirming" || step === "committed"
      ? "it is in the log, but not every gateway has said yet that it knows"
      : "the control log could not be reached";
  return new KvringError(
    "DEADLINE_EXCEEDED",
    `the invalidation took too long: ${why}. Nothing is promised before it returns: repeat it`,
  );
}
