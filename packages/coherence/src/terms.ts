import { KvringError } from "@kvring/core";

/** What all processes measure leases with. Written once in the log: whoever comes later adopts it. */
export interface LeaseTerms {
  /** D: how long an invalidation waits for a gateway that does not acknowledge. */
  readonly waitMs: number;
  /** ρ: every clock runs at a rate from 1 − ρ to 1 + ρ. */
  readonly drift: number;
}

export const defaultTerms: LeaseTerms = Object.freeze({ waitMs: 15_000, drift: 1e-3 });

/**
 * How long a lease lives by its holder's clock.
 *
 * Who waits D by a fast clock waits D / (1 + ρ) in truth; a lease of L by a slow clock lives
 * L / (1 − ρ) in truth. The lease must be over first.
 */
export function leaseMs({ waitMs, drift }: LeaseTerms): number {
  return (waitMs * (1 - drift)) / (1 + drift);
}

/** A lease is asked for anew in time for two more attempts, whatever this process was told. */
export function renewEveryMs(terms: LeaseTerms, wantedMs: number): number {
  return Math.min(wantedMs, leaseMs(terms) / 3);
}

/** The silence of a gateway means something only after it should have been heard twice. */
export function evictAfterMs(terms: LeaseTerms, wantedMs: number): number {
  return Math.max(wantedMs, (2 * terms.waitMs) / 3);
}

const waitRange = { leastMs: 10, mostMs: 600_000 };
const mostDrift = 0.2;

export function isWait(waitMs: number): boolean {
  return waitMs >= waitRange.leastMs && waitMs <= waitRange.mostMs;
}

/** Throws BAD_CONFIG with what would be right. */
export function checkTerms(terms: LeaseTerms): LeaseTerms {
  const { waitMs, drift } = terms;
  if (!isWait(waitMs)) {
    throw new KvringError(
      "BAD_CONFIG",
      `the lease is ${waitMs} ms, and must be from ${waitRange.leastMs} to ${waitRange.mostMs} ms`,
    );
  }
  if (!(drift >= 0 && drift <= mostDrift)) {
    throw new KvringError(
      "BAD_CONFIG",
      `clocks are said to drift by ${drift}, and must be 0 to ${mostDrift} (0.001: 1 ms per second)`,
    );
  }
  return terms;
}
