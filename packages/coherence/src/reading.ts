import assert from "node:assert/strict";
import { nowhere, type Position } from "@kvring/core";
import type { Sequence } from "./records.ts";
import type { Rules } from "./rules.ts";

/** What a record is to a reader: its next one, one it has had, one too far, one of another life. */
export type Arrival = "next" | "repeated" | "gap" | "foreign";

/**
 * Where a process is in the log. What it has applied is exactly the records up to `position`, so
 * the place says all about what it knows.
 */
export class Reading {
  readonly #rules: Rules;
  /** Invariant: its sequence never goes back within an epoch. */
  #position: Position = nowhere;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** The place of the last record applied; `nowhere` until the log was reached. */
  get position(): Position {
    return this.#position;
  }

  /** A life of the log begins for us. `before` is the place before the first record that it has. */
  begin(epoch: number, before: Sequence): void {
    assert(epoch !== this.#position.epoch, "a life of the log is begun once");
    this.#position = Object.freeze({ epoch, sequence: before });
  }

  arrival({ epoch, sequence }: Position): Arrival {
    const applied = this.#position;
    if (!this.#rules.sameLife(epoch, applied.epoch)) return "foreign";
    if (sequence <= applied.sequence) return "repeated";
    return this.#rules.follows(sequence, applied.sequence) ? "next" : "gap";
  }

  /** The record was applied. */
  advance(position: Position): void {
    assert(this.arrival(position) === "next", "records are applied in order, without a gap");
    this.#position = Object.freeze({ epoch: position.epoch, sequence: position.sequence });
  }
}
