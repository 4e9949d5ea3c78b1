import { type Clock, KvringError } from "@kvring/core";
import type { OpenRequest } from "../inference/open-request.ts";
import { WaitEstimate } from "./wait-estimate.ts";

/** What is expected is a mean, and being refused at once is better than being answered too late. */
const caution = 1.2;
/** A flood of one model gets two thirds of all places; the last third is for the others. */
const greed = 2;
const retryMs = { least: 50, most: 10_000, unknown: 1_000 };

interface Model {
  /** Requests that wait for a computation, their own or another's. */
  inFlight: number;
  /** Computations that this gateway asked for. */
  computing: number;
  readonly estimate: WaitEstimate;
}

/**
 * Decides which requests may wait for a computation. Hits never come here, so they stay as they are
 * while misses are shed.
 *
 * Invariant: `inFlight` of all models together is at most `most`, and of one model at most what two
 * times the free places are: the dynamic thresholds of Choudhury and Hahne (IEEE/ACM Transactions on
 * Networking, 1998). So there is room for a model that was not asked before, however hard another
 * one is.
 */
export class MissAdmission {
  readonly #most: number;
  readonly #clock: Clock;
  readonly #onShed: (model: string) => void;
  readonly #models = new Map<string, Model>();
  readonly #waiting = new Set<OpenRequest>();
  readonly #computing = new Set<OpenRequest>();

  constructor(options: {
    /** Requests that may wait for computations at a time. */
    readonly most: number;
    readonly clock: Clock;
    readonly onShed: (model: string) => void;
  }) {
    this.#most = options.most;
    this.#clock = options.clock;
    this.#onShed = options.onShed;
  }

  get inFlight(): number {
    return this.#waiting.size;
  }

  /** The request waits for a computation until it ends. Throws OVERLOADED. Again: nothing. */
  wait(open: OpenRequest): void {
    if (this.#waiting.has(open)) return;
    const model = this.#model(open.request.model.digest);
    const room = greed * (this.#most - this.#waiting.size);
    if (model.inFlight >= room) throw this.#crowded(open, model);
    this.#waiting.add(open);
    model.inFlight += 1;
    open.onEnd(() => {
      this.#waiting.delete(open);
      model.inFlight -= 1;
    });
  }

  /**
   * As `wait`, and the computation is asked for by this very request. Throws OVERLOADED when the
   * answer would not be there in time, as far as is known. Who is the only one is let in always,
   * and so it is found out when things are better.
   */
  compute(open: OpenRequest): void {
    if (this.#computing.has(open)) return;
    const model = this.#model(open.request.model.digest);
    const sinceMs = this.#clock.nowMs();
    const place = model.computing + 1;
    const expectedMs = model.estimate.expectedMs(place, sinceMs) ?? 0;
    const leftMs = open.remainingMs();
    if (place > 1 && expectedMs * caution > leftMs) {
      throw this.#late(open, { expectedMs, leftMs, underWay: model.computing });
    }
    this.wait(open);
    this.#computing.add(open);
    model.computing += 1;
    open.onEnd((error) => {
      this.#computing.delete(open);
      model.computing -= 1;
      const nowMs = this.#clock.nowMs();
      const waitMs = nowMs - sinceMs;
      if (error === undefined) model.estimate.observe(place, waitMs, nowMs);
      else if (error.reason === "DEADLINE_EXCEEDED") {
        model.estimate.observeGivenUp(place, waitMs, nowMs);
      }
    });
  }

  #model(digest: string): Model {
    const known = this.#models.get(digest);
    if (known !== undefined) return known;
    this.#forget();
    const model: Model = { inFlight: 0, computing: 0, estimate: new WaitEstimate() };
    this.#models.set(digest, model);
    return model;
  }

  /** Models come and go. */
  #forget(): void {
    const nowMs = this.#clock.nowMs();
    for (const [digest, { inFlight, estimate }] of this.#models) {
      if (inFlight === 0 && estimate.isEmpty(nowMs)) this.#models.delete(digest);
    }
  }

  #late(
    open: OpenRequest,
    known: { readonly expectedMs: number; readonly leftMs: number; readonly underWay: number },
  ): KvringError {
    const { expectedMs, leftMs, underWay } = known;
    // What is queued now goes on being worked off meanwhile.
    const retryAfterMs = within(expectedMs * caution - leftMs);
    const { model } = open.request.model;
    this.#onShed(model);
    return new KvringError(
      "OVERLOADED",
      `${underWay} computations of model "${model}" are under way and the next takes about ${Math.ceil(expectedMs)} ms, but the deadline is in ${Math.ceil(leftMs)} ms: retry in ${retryAfterMs} ms, allow more time, or add workers`,
      { retryAfterMs },
    );
  }

  #crowded(open: OpenRequest, { inFlight, estimate }: Model): KvringError {
    const nowMs = this.#clock.nowMs();
    const retryAfterMs = within(estimate.expectedMs(inFlight, nowMs) ?? retryMs.unknown);
    const { model } = open.request.model;
    this.#onShed(model);
    return new KvringError(
      "OVERLOADED",
      `${inFlight} requests wait for computations of model "${model}" at this gateway, and ${this.#waiting.size} of all models, at most ${this.#most}: retry in ${retryAfterMs} ms, or add workers`,
      { retryAfterMs },
    );
  }
}

function within(ms: number): number {
  return Math.ceil(Math.min(retryMs.most, Math.max(retryMs.least, ms)));
}
