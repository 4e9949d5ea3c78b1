import type { Clock, KvringError } from "@kvring/core";
import type { Found, LookupListener, LookupRequest, NodeLink } from "@kvring/wire";
import type { Hedging } from "../hedging/hedging.ts";

/** What the owners of a key said in the end. */
export interface WalkListener {
  /**
   * We are to have the answer computed. `link` holds the token; the walk goes on waiting there.
   * Called again when the token comes to us a second time, from this or another owner.
   */
  onGranted(link: NodeLink, token: Uint8Array, asks?: number): void;
  /** Somebody else has it computed; we wait. May be said more than once. */
  onWaiting?(): void;
  /** `entry` is borrowed for the call. `without`: owners before, which said that they lack it. */
  onFound(entry: Uint8Array, found: Found, without: readonly NodeLink[]): void;
  /** No owner has it, and we did not ask to wait. */
  onMissing(): void;
  onFailed(error: KvringError): void;
  /** No owner could be asked. */
  onUnreachable(): void;
}

export interface WalkOptions {
  readonly clock: Clock;
  /** By the clock: when the client's patience ends. */
  readonly untilMs: number;
  /** After how long without a word the next owner is asked too, for reading only. */
  readonly hedging: Hedging;
  /** A link that has not brought a byte for so long, while we wait for it, is passed over. */
  readonly stallMs: number;
  readonly wait: boolean;
}

type State =
  | { readonly step: "idle" }
  | {
      readonly step: "asking";
      readonly link: NodeLink;
      readonly sinceMs: number;
      readonly cancel: () => void;
      readonly stopTimer: () => void;
      readonly cancelHedge: () => void;
    }
  | { readonly step: "waiting"; readonly cancel: () => void }
  | { readonly step: "done" };

/**
 * One request's way along the owners of its key: the primary first, the next one when it refuses
 * or is lost. Once an owner said "wait" or "compute it", only its loss moves the walk on: the
 * answer will come there.
 *
 * An owner that is merely slow is not passed over, or a busy moment of one node would have every
 * key computed again at the next. It is hedged: the next owner is asked for what it has, without
 * the right to compute. Only an owner whose link is silent altogether loses its turn.
 */
export class OwnerWalk {
  readonly #owners: readonly NodeLink[];
  readonly #request: Omit<LookupRequest, "waitMs">;
  readonly #options: WalkOptions;
  readonly #listener: WalkListener;
  #next = 0;
  /** Who said that it is not there. */
  readonly #without: NodeLink[] = [];
  #state: State = { step: "idle" };

  constructor(
    owners: readonly NodeLink[],
    request: Omit<LookupRequest, "waitMs">,
    options: WalkOptions,
    listener: WalkListener,
  ) {
    this.#owners = owners;
    this.#request = request;
    this.#options = options;
    this.#listener = listener;
  }

  start(): void {
    this.#askNext();
  }

  cancel(): void {
    this.#become({ step: "done" });
  }

  /** The only place where the state changes: what the old one held is let go. */
  #become(next: State): void {
    const old = this.#state;
    this.#state = next;
    if (old.step === "asking") {
      old.stopTimer();
      old.cancelHedge();
    }
    const goesOn = next.step === "waiting" && old.step !== "idle";
    if ((old.step === "asking" || old.step === "waiting") && !goesOn) old.cancel();
  }

  #askNext(): void {
    const link = this.#nextReachable();
    const { clock, untilMs, wait, hedging } = this.#options;
    const nowMs = clock.nowMs();
    const remainingMs = Math.ceil(untilMs - nowMs);
    if (link === undefined || remainingMs <= 0) {
      this.#become({ step: "done" });
      if (this.#without.length > 0) this.#listener.onMissing();
      else this.#listener.onUnreachable();
      return;
    }
    hedging.asked();
    const turn = this.#next;
    const request = { ...this.#request, waitMs: wait ? remainingMs : 0 };
    this.#become({
      step: "asking",
      link,
      sinceMs: nowMs,
      cancel: link.lookup(request, this.#answers(link, turn)),
      stopTimer: this.#startTimer(turn, hedging.delayMs(link)),
      cancelHedge: nothing,
    });
  }

  #nextReachable(): NodeLink | undefined {
    while (this.#next < this.#owners.length) {
      const link = this.#owners[this.#next++];
      if (link?.state === "up") return link;
    }
    return undefined;
  }

  #startTimer(turn: number, delayMs: number): () => void {
    return this.#options.clock.after(delayMs, () => this.#silence(turn));
  }

  /** Not a word to this request yet. */
  #silence(turn: number): void {
    const state = this.#state;
    if (turn !== this.#next || state.step !== "asking") return;
    const { clock, stallMs, hedging } = this.#options;
    const nowMs = clock.nowMs();
    const silentMs = nowMs - Math.max(state.sinceMs, state.link.heardMs);
    if (silentMs >= stallMs) {
      this.#measure();
      this.#moveOn(turn);
      return;
    }
    const waitedMs = nowMs - state.sinceMs;
    const cancelHedge = state.cancelHedge === nothing ? this.#hedge(waitedMs) : state.cancelHedge;
    // The next moment at which anything can change.
    const stalledInMs = stallMs - silentMs;
    const hedgedInMs = hedging.mostMs - waitedMs;
    const mayHedge = cancelHedge === nothing && hedgedInMs > 0;
    const nextMs = mayHedge ? Math.min(stalledInMs, hedgedInMs) : stalledInMs;
    this.#state = { ...state, stopTimer: this.#startTimer(turn, nextMs), cancelHedge };
  }

  #hedge(waitedMs: number): () => void {
    const other = this.#owners.slice(this.#next).find((link) => link.state === "up");
    const { clock, hedging } = this.#options;
    if (other === undefined || !hedging.maySend(waitedMs, other)) return nothing;
    const sinceMs = clock.nowMs();
    const answered = (): void => hedging.waited(other, clock.nowMs() - sinceMs);
    return other.lookup(
      { ...this.#request, waitMs: 0 },
      {
        ...ignoring,
        onMissing: answered,
        onFound: (entry, found) => {
          answered();
          if (this.#state.step !== "done") hedging.won();
          this.#found(entry, found);
        },
      },
    );
  }

  /** What the owner that we ask has taken for its first word; at least so long, if we go on. */
  #measure(): void {
    const state = this.#state;
    if (state.step !== "asking") return;
    const { clock, hedging } = this.#options;
    hedging.waited(state.link, clock.nowMs() - state.sinceMs);
  }

  /** A late answer of an owner that was left behind moves nothing. */
  #moveOn(turn: number): void {
    if (turn !== this.#next || this.#state.step === "done") return;
    this.#become({ step: "idle" });
    this.#askNext();
  }

  #found(entry: Uint8Array, found: Found): void {
    if (this.#state.step === "done") return;
    this.#measure();
    this.#become({ step: "done" });
    this.#listener.onFound(entry, found, this.#without);
  }

  #failed(error: KvringError): void {
    this.#become({ step: "done" });
    this.#listener.onFailed(error);
  }

  #answers(link: NodeLink, turn: number): LookupListener {
    const isCurrent = (): boolean => turn === this.#next && this.#state.step !== "done";
    const wait = (): void => {
      if (this.#state.step === "asking") {
        this.#measure();
        this.#become({ step: "waiting", cancel: this.#state.cancel });
      }
    };
    return {
      onWaiting: () => {
        if (!isCurrent()) return;
        wait();
        this.#listener.onWaiting?.();
      },
      onGranted: (token, asks) => {
        if (!isCurrent()) return;
        wait();
        this.#listener.onGranted(link, token, asks);
      },
      onFound: (entry, found) => {
        if (isCurrent()) this.#found(entry, found);
      },
      onMissing: () => {
        if (!isCurrent()) return;
        this.#measure();
        this.#without.push(link);
        this.#moveOn(turn);
      },
      onFailed: (error) => {
        if (isCurrent()) this.#failed(error);
      },
      onRefused: (error) => {
        if (!isCurrent()) return;
        // A flood of askers is no reason to send it on to the next owner; a full link is.
        if (isFlood(error)) this.#failed(error);
        else this.#moveOn(turn);
      },
    };
  }
}

function isFlood({ reason }: KvringError): boolean {
  return reason === "TOO_MANY_WAITERS" || reason === "TOO_MANY_IN_FLIGHT";
}

function nothing(): void {}

/** A hedge is for reading: whatever else the other owner says changes nothing. */
const ignoring = {
  onGranted: nothing,
  onWaiting: nothing,
  onMissing: nothing,
  onFailed: nothing,
  onRefused: nothing,
};
