import type { Position, ScopeId } from "@kvring/core";
import { scopes } from "./entry.ts";
import type { Appointment } from "./scheduler.ts";

/** What a client wants to know. */
export interface Question {
  readonly key: number;
  readonly model: number;
  readonly tags: readonly number[];
}

export type Outcome =
  | "near-hit"
  | "node-hit"
  | "computed"
  | "joined"
  /** Its deadline passed first. */
  | "late"
  /** Its gateway died, or is done. */
  | "lost";

/** How the request is to be answered: anew whenever it is dispatched. */
export interface Dispatch {
  /** What is computed for it is born here: read before the catalog. */
  readonly born: Position;
  readonly artifact: number;
  readonly key: string;
  /** Nothing older is looked for. */
  readonly minBorn: Position;
}

/** One request at a gateway. */
export class Ask {
  readonly question: Question;
  /** How many invalidations had returned OK when it started. */
  readonly confirmed: number;
  readonly scopes: readonly ScopeId[];
  readonly tagScopes: readonly ScopeId[];
  readonly onEnd: (outcome: Outcome) => void;
  /** Where the lease was seen to be held after the start; undefined: not yet. */
  admitted: Position | undefined;
  dispatch: Dispatch | undefined;
  dispatches = 0;
  /** Counts whom it asked: what an earlier one says comes too late. */
  turn = 0;
  isOver = false;
  #leave: (() => void) | undefined;
  #timer: Appointment | undefined;

  constructor(question: Question, confirmed: number, onEnd: (outcome: Outcome) => void) {
    this.question = question;
    this.confirmed = confirmed;
    this.onEnd = onEnd;
    this.tagScopes = question.tags.map(scopes.tag);
    const { model, key } = question;
    this.scopes = [scopes.all, scopes.model(model), scopes.key(key), ...this.tagScopes];
  }

  /** What happens if nothing else does: one thing at a time. */
  setTimer(timer: Appointment | undefined): void {
    if (this.#timer !== undefined) this.#timer.isCancelled = true;
    this.#timer = timer;
  }

  /** Turns to somebody else; whom it asked before is told so. */
  turnTo(leave: (() => void) | undefined): number {
    this.#leave?.();
    this.#leave = leave;
    this.turn += 1;
    return this.turn;
  }

  end(outcome: Outcome): void {
    if (this.isOver) return;
    this.isOver = true;
    this.setTimer(undefined);
    this.turnTo(undefined);
    this.onEnd(outcome);
  }
}
