import { type Clock, KvringError, type Parameter } from "@kvring/core";
import type { Outcome } from "../cache/cache-status.ts";
import type { CheckedRequest } from "./checked-request.ts";

/** What a call brings beside its message. */
export interface Call {
  readonly tenant: string;
  /** `cache_*` metadata in the form of parameters. */
  readonly parameters: readonly Parameter[];
  /** Undefined: the call came without a deadline. */
  readonly remainingMs: number | undefined;
  /** The listener is called when the client cancels; at most once. */
  onCancel(listener: () => void): void;
}

/** Called once, when a request has ended. */
export type Finish = (outcome: Outcome, error?: KvringError, answer?: Uint8Array) => void;

/**
 * A request that waits for somebody. It ends exactly once: by an answer, an error, its deadline or
 * its client's cancellation, and then lets go of all that was under way for it.
 */
export class OpenRequest {
  #request: CheckedRequest;
  readonly call: Call;
  readonly untilMs: number;
  readonly #clock: Clock;
  readonly #finish: Finish;
  readonly #stopTimer: () => void;
  #isLent = false;
  #atEnd: ((error: KvringError | undefined) => void)[] = [];
  #ended = false;
  #error: KvringError | undefined;

  constructor(
    request: CheckedRequest,
    call: Call,
    options: {
      readonly clock: Clock;
      readonly untilMs: number;
      /** What a caller should know when it took too long; empty for nothing. */
      readonly whyLate: () => string;
      readonly finish: Finish;
    },
  ) {
    this.#request = request;
    this.call = call;
    this.untilMs = options.untilMs;
    this.#clock = options.clock;
    this.#finish = options.finish;
    this.#stopTimer = options.clock.after(this.remainingMs(), () => {
      this.fail(
        new KvringError(
          "DEADLINE_EXCEEDED",
          `the answer was not there before the deadline${options.whyLate()}`,
        ),
      );
    });
    call.onCancel(() => {
      // grpc-js says this of every call in the end; an error that nobody gets would cost a stack.
      if (this.#ended) return;
      this.fail(new KvringError("CANCELLED", "the client cancelled the call"));
    });
  }

  /** As it was last admitted. */
  get request(): CheckedRequest {
    return this.#request;
  }

  /** Admitted again: what it waited for was invalidated meanwhile. */
  renew(request: CheckedRequest): void {
    this.#request = request;
  }

  /** Somebody else may read its message, for how long nobody knows. */
  get isLent(): boolean {
    return this.#isLent;
  }

  lend(): void {
    this.#isLent = true;
  }

  remainingMs(): number {
    return Math.max(0, this.untilMs - this.#clock.nowMs());
  }

  /** What is to be let go when the request ends, with its error if it failed; at once, if it has. */
  onEnd(then: (error: KvringError | undefined) => void): void {
    if (this.#ended) then(this.#error);
    else this.#atEnd.push(then);
  }

  succeed(outcome: Outcome, answer: Uint8Array): void {
    this.#end(outcome, undefined, answer);
  }

  fail(error: KvringError): void {
    this.#end("error", error, undefined);
  }

  #end(outcome: Outcome, error: KvringError | undefined, answer: Uint8Array | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#stopTimer();
    const atEnd = this.#atEnd;
    this.#atEnd = [];
    for (const then of atEnd) then(error);
    this.#finish(outcome, error, answer);
  }
}

/** What somebody sent cannot be read: the end of this request, not of the link it came over. */
export function guarded(open: OpenRequest, step: () => void): void {
  try {
    step();
  } catch (error) {
    open.fail(KvringError.from(error));
  }
}
