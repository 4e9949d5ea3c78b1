import assert from "node:assert/strict";
import type { Position, ScopeId } from "@kvring/core";
import type { Checkpoint, Sequence } from "./records.ts";
import type { Rules } from "./rules.ts";

/**
 * Which scope was invalidated last where. A function of the log alone: of two gateways at one
 * place in it, neither takes for current what the other knows to be old.
 *
 * A scope costs about 60 bytes; looking one up takes 70 to 90 ns among 32,768. Where nothing at
 * all was invalidated since an entry was born, which is nearly always, no scope is looked up.
 */
export class ScopeTable {
  readonly #rules: Rules;
  readonly #capacity: number;
  /** Invariant: at most `capacity` scopes, each invalidated after the horizon. */
  readonly #last = new Map<ScopeId, Sequence>();
  /** Invariant: what was born before counts as invalidated. Never goes back within an epoch. */
  #horizon: Sequence = 0;
  /**
   * Records up to here were erased before this reader came, and nothing that it has read stands for
   * them yet; 0: nothing is missing. A checkpoint was to stand for them, but a log that lost its end
   * may have lost that too.
   */
  #erasedThrough: Sequence = 0;
  /** Invariant: no sequence in the table is higher, the horizon and what was erased included. */
  #latest: Sequence = 0;
  #epoch = 0;

  constructor(rules: Rules, capacity: number) {
    assert(capacity >= 1, "a table has room for a scope");
    this.#rules = rules;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#last.size;
  }

  /** What was born before counts as invalidated. */
  get horizon(): Sequence {
    return Math.max(this.#horizon, this.#erasedThrough);
  }

  has(scope: ScopeId): boolean {
    return this.#last.has(scope);
  }

  /**
   * In another life nothing is known, and nothing that was born before is current; nor is what was
   * born up to `before`, where this reader begins, until a checkpoint says what was erased.
   */
  begin(epoch: number, before: Sequence): void {
    this.#last.clear();
    this.#horizon = 0;
    this.#erasedThrough = before;
    this.#latest = before;
    this.#epoch = epoch;
  }

  invalidate(scopes: readonly ScopeId[], sequence: Sequence): void {
    for (const scope of scopes) this.#raise(scope, sequence);
    this.#bound();
  }

  /** Everything born before `sequence` is old. */
  invalidateAll(sequence: Sequence): void {
    this.#latest = Math.max(this.#latest, sequence);
    if (sequence <= this.#horizon) return;
    this.#horizon = sequence;
    for (const [scope, last] of this.#last) if (last <= sequence) this.#last.delete(scope);
  }

  /** Adds what a checkpoint knows: nothing that this table does not have, unless it began later. */
  restore({ scopes, horizon, through }: Checkpoint): void {
    if (through >= this.#erasedThrough) this.#erasedThrough = 0;
    for (const [scope, sequence] of scopes) {
      if (sequence <= this.#horizon) continue;
      this.#raise(scope, sequence);
    }
    this.invalidateAll(horizon);
    this.#bound();
  }

  /** The scopes that were invalidated after `horizon`, and where. */
  since(horizon: Sequence): (readonly [ScopeId, Sequence])[] {
    return [...this.#last].filter(([, sequence]) => sequence > horizon);
  }

  /** The place before which the older `share` of the scopes was invalidated last. */
  quantile(share: number): Sequence {
    const sequences = [...this.#last.values()].sort((a, b) => a - b);
    return sequences[Math.floor(share * sequences.length)] ?? this.horizon;
  }

  /** Whether nothing in `scopes` was invalidated since `born`. On the way of every hit. */
  isCurrent(scopes: readonly ScopeId[], born: Position): boolean {
    const rules = this.#rules;
    if (!rules.sameLife(born.epoch, this.#epoch)) return false;
    return (
      this.isUntouchedSince(born) || rules.isCurrent(this.lastInvalidated(scopes), born.sequence)
    );
  }

  /** Whether nothing at all was invalidated since `born`, so that every scope is current. */
  isUntouchedSince(born: Position): boolean {
    const rules = this.#rules;
    return rules.sameLife(born.epoch, this.#epoch) && rules.isCurrent(this.#latest, born.sequence);
  }

  /** Where any of the scopes was invalidated last: what was born before is not current. */
  lastInvalidated(scopes: readonly ScopeId[]): Sequence {
    let last = this.horizon;
    for (const scope of scopes) {
      const sequence = this.#last.get(scope);
      if (sequence !== undefined && sequence > last) last = sequence;
    }
    return last;
  }

  #raise(scope: ScopeId, sequence: Sequence): void {
    const last = this.#last.get(scope);
    if (last === undefined || last < sequence) this.#last.set(scope, sequence);
    this.#latest = Math.max(this.#latest, sequence);
  }

  /** A record that is in the log cannot be refused. Forgetting which scopes it meant costs misses. */
  #bound(): void {
    if (this.#last.size > this.#capacity) this.invalidateAll(this.#latest);
  }
}
