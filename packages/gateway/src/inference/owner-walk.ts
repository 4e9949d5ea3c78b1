import type { Clock, KvringError } from "@kvring/core";
import type { LookupRequest, NodeLink } from "@kvring/wire";

/** What the owners of a key said in the end. */
export interface WalkListener {
  /**
   * We are to have the answer computed. `link` holds the token; the walk goes on waiting there.
   * Called again when the token comes to us a second time, from this or another owner.
   */
  onGranted(link: NodeLink, token: Uint8Array): void;
  /** `entry` is borrowed for the call. */
  onFound(entry: Uint8Array, found: { readonly waited: boolean; readonly stored: boolean }): void;
  /** No owner has it, and we did not ask to wait. */
  onMissing(): void;
  onFailed(error: KvringError): void;
  /** No owner could be asked. */
  onUnreachable(): void;
}

type State =
  | { readonly step: "idle" }
  | { readonly step: "asking"; readonly cancel: () => void; readonly stopTimer: () => void }
  | { readonly step: "waiting"; readonly cancel: () => void }
  | { readonly step: "done" };

/**
 * One request's way along the owners of its key: the primary first, the next one when it refuses,
 * is lost, or says nothing for `reactionMs`. Once an owner said "wait" or "compute it", only its
 * loss moves the walk on: the answer will come there.
 */
export class OwnerWalk {
  readonly #owners: readonly NodeLink[];
  readonly #request: Omit<LookupRequest, "waitMs">;
  readonly #untilMs: number;
  readonly #options: { readonly clock: Clock; readonly reactionMs: number; readonly wait: boolean };
  readonly #listener: WalkListener;
  #next = 0;
  #missing = false;
  #state: State = { step: "idle" };

  constructor(
    owners: readonly NodeLink[],
    request: Omit<LookupRequest, "waitMs">,
    options: {
      readonly clock: Clock;
      /** By the clock: when the client's patience ends. */
      readonly untilMs: number;
      readonly reactionMs: number;
      readonly wait: boolean;
    },
    listener: WalkListener,
  ) {
    this.#owners = owners;
    this.#request = request;
    this.#untilMs = options.untilMs;
    this.#options = options;
    this.#listener = listener;
  }

  start(): void {
    this.#askNext();
  }

  cancel(): void {
    this.#leave({ step: "done" });
  }

  /** The only place where the state changes: what the old one held is let go. */
  #leave(next: State): void {
    const old = this.#state;
    this.#state = next;
    if (old.step === "asking") old.stopTimer();
    if ((old.step === "asking" || old.step === "waiting") && next.step !== "waiting") old.cancel();
  }

  #askNext(): void {
    const link = this.#nextReachable();
    const { clock, reactionMs, wait } = this.#options;
    const remainingMs = Math.ceil(this.#untilMs - clock.nowMs());
    if (link === undefined || remainingMs <= 0) {
      this.#leave({ step: "done" });
      if (this.#missing) this.#listener.onMissing();
      else this.#listener.onUnreachable();
      return;
    }
    const request = { ...this.#request, waitMs: wait ? remainingMs : 0 };
    const turn = this.#next;
    const cancel = link.lookup(request, this.#answers(link, turn));
    const stopTimer = clock.after(reactionMs, () => this.#moveOn(turn));
    this.#leave({ step: "asking", cancel, stopTimer });
  }

  #nextReachable(): NodeLink | undefined {
    while (this.#next < this.#owners.length) {
      const link = this.#owners[this.#next++];
      if (link?.state === "up") return link;
    }
    return undefined;
  }

  /** A late timer or answer of an owner that was left behind moves nothing. */
  #moveOn(turn: number): void {
    if (turn !== this.#next || this.#state.step === "done") return;
    this.#leave({ step: "idle" });
    this.#askNext();
  }

  #answers(link: NodeLink, turn: number) {
    const isCurrent = (): boolean => turn === this.#next && this.#state.step !== "done";
    const settle = (): void => this.#leave({ step: "done" });
    const wait = (): void => {
      if (this.#state.step === "asking") {
        this.#leave({ step: "waiting", cancel: this.#state.cancel });
      }
    };
    return {
      onWaiting: () => {
        if (isCurrent()) wait();
      },
      onGranted: (token: Uint8Array) => {
        if (!isCurrent()) return;
        wait();
        this.#listener.onGranted(link, token);
      },
      onFound: (entry: Uint8Array, found: { waited: boolean; stored: boolean }) => {
        if (!isCurrent()) return;
        settle();
        this.#listener.onFound(entry, found);
      },
      onMissing: () => {
        this.#missing = true;
        this.#moveOn(turn);
      },
      onFailed: (error: KvringError) => {
        if (!isCurrent()) return;
        settle();
        this.#listener.onFailed(error);
      },
      onRefused: (error: KvringError) => {
        if (!isCurrent()) return;
        if (error.code !== "RESOURCE_EXHAUSTED") {
          this.#moveOn(turn);
          return;
        }
        // A full owner is no reason to load the next one with the same flood.
        settle();
        this.#listener.onFailed(error);
      },
    };
  }
}
