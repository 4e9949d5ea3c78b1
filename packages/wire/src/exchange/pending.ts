import { type Clock, KvringError } from "@kvring/core";
import type { Begun, LookupListener } from "./link.ts";
import type { Result } from "./result.ts";

/** An operation with one answer. */
export type Call =
  | {
      readonly kind: "accepted";
      readonly resolve: (accepted: boolean) => void;
      readonly reject: Reject;
    }
  | { readonly kind: "begun"; readonly resolve: (begun: Begun) => void; readonly reject: Reject };

type Reject = (error: KvringError) => void;

interface PendingCall {
  readonly call: Call;
  readonly dueMs: number;
}

/**
 * What was asked on a link and not answered yet. Every operation leaves exactly once: answered,
 * cancelled, overdue, or lost with the link.
 */
export class Pending {
  readonly #lookups = new Map<number, LookupListener>();
  /** In the order of their deadlines, since all wait equally long. */
  readonly #calls = new Map<number, PendingCall>();
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onOverdue: (id: number) => void;
  #cancelSweep: (() => void) | undefined;

  constructor(clock: Clock, timeoutMs: number, onOverdue: (id: number) => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onOverdue = onOverdue;
  }

  addLookup(id: number, listener: LookupListener): void {
    this.#lookups.set(id, listener);
  }

  addCall(id: number, call: Call): void {
    this.#calls.set(id, { call, dueMs: this.#clock.nowMs() + this.#timeoutMs });
    this.#cancelSweep ??= this.#clock.after(this.#timeoutMs, () => this.#sweep());
  }

  has(id: number): boolean {
    return this.#lookups.has(id) || this.#calls.has(id);
  }

  /** False when the lookup was answered already. */
  cancelLookup(id: number): boolean {
    return this.#lookups.delete(id);
  }

  settle(result: Result): void {
    const listener = this.#lookups.get(result.id);
    if (listener !== undefined) {
      this.#settleLookup(listener, result);
      return;
    }
    const pending = this.#calls.get(result.id);
    if (pending === undefined) return;
    this.#calls.delete(result.id);
    settleCall(pending.call, result);
  }

  /** Everything under way ends with `error`. */
  fail(error: KvringError): void {
    const lookups = [...this.#lookups.values()];
    const calls = [...this.#calls.values()];
    this.#lookups.clear();
    this.#calls.clear();
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    for (const { call } of calls) call.reject(error);
    for (const listener of lookups) listener.onRefused(error);
  }

  #settleLookup(listener: LookupListener, result: Result): void {
    if (result.kind === "waiting") {
      listener.onWaiting();
      return;
    }
    if (result.kind === "granted") {
      // Copied: a token outlives the frame that brought it.
      listener.onGranted(Uint8Array.from(result.token), result.asks > 0 ? result.asks : undefined);
      return;
    }
    this.#lookups.delete(result.id);
    if (result.kind === "found") listener.onFound(result.entry, result);
    else if (result.kind === "missing") listener.onMissing();
    else if (result.kind === "failed") listener.onFailed(refusal(result));
    else listener.onRefused(refusal(result));
  }

  #sweep(): void {
    this.#cancelSweep = undefined;
    const nowMs = this.#clock.nowMs();
    for (const [id, { call, dueMs }] of this.#calls) {
      if (dueMs > nowMs) {
        this.#cancelSweep = this.#clock.after(dueMs - nowMs, () => this.#sweep());
        return;
      }
      this.#calls.delete(id);
      this.#onOverdue(id);
      call.reject(
        new KvringError(
          "DEADLINE_EXCEEDED",
          `the node did not answer within ${this.#timeoutMs} ms`,
        ),
      );
    }
  }
}

function settleCall(call: Call, result: Result): void {
  if (call.kind === "accepted" && result.kind === "done") {
    call.resolve(result.accepted);
  } else if (call.kind === "begun" && result.kind === "begun") {
    const { alive, input, remainingMs } = result;
    if (!alive) call.resolve({ alive });
    else
      call.resolve({ alive, input: input.length > 0 ? ownBytes(input) : undefined, remainingMs });
  } else {
    call.reject(refusal(result));
  }
}

/** A small input is a view on its frame, a large one was assembled for us. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
}

function refusal(result: Result): KvringError {
  if (result.kind === "refused" || result.kind === "failed") {
    return KvringError.fromWire(result.reason, result.message);
  }
  return new KvringError(
    "UNKNOWN_OPERATION",
    `the node answered "${result.kind}" where it makes no sense`,
  );
}
