import type { Admission, Proof } from "@kvring/coherence";
import type { Position, ScopeId } from "@kvring/core";

/** A lease and a table that are what a test says they are. */
export class ScriptedCoherence {
  position: Position;
  isLeased = true;
  leaseAge = 500;
  /** The last invalidation of anything. */
  invalidated = 0;
  readonly #waiting = new Set<() => void>();

  constructor(position: Position) {
    this.position = position;
  }

  readonly admission = {
    admit: (): Position | undefined => (this.isLeased ? this.position : undefined),
    minBorn: (_scopes: readonly ScopeId[]): Position => ({
      epoch: this.position.epoch,
      sequence: this.invalidated,
    }),
    isCurrent: ({ born }: Proof): boolean =>
      born.epoch === this.position.epoch && born.sequence >= this.invalidated,
    mayDeliver: (proof: Proof, _tags: readonly ScopeId[], admitted: Position): boolean =>
      this.admission.isCurrent(proof) ||
      (proof.born.epoch === admitted.epoch && proof.born.sequence >= admitted.sequence),
  } as unknown as Admission & { isCurrent(proof: Proof): boolean };

  leaseAgeMs(): number {
    return this.leaseAge;
  }

  onLease(then: () => void): () => void {
    this.#waiting.add(then);
    return () => this.#waiting.delete(then);
  }

  lease(): void {
    this.isLeased = true;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const then of waiting) then();
  }
}
