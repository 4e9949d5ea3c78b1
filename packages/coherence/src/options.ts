import { KvringError, limits } from "@kvring/core";
import type { GatewayId } from "./records.ts";
import { checkTerms, defaultTerms, isWait, type LeaseTerms } from "./terms.ts";

/** Settings of a gateway's part in the protocol; all durations in milliseconds. */
export interface CoherenceOptions {
  /** Name and incarnation, letters, digits, "_" and "-": never the same for two lives of a process. */
  readonly id: GatewayId;
  /** Proposed where the log has none yet; what the log says counts. */
  readonly terms: LeaseTerms;
  /**
   * The longest D that any gateway was given which may run still, if longer than that of `terms`.
   * A log that is made anew forgets the D of the one before, and leases of that one are waited for.
   */
  readonly formerWaitMs: number;
  /** How often the lease is renewed. */
  readonly renewEveryMs: number;
  /** The rest before an append that failed is tried again. */
  readonly retryMs: number;
  /** Silence after which a gateway is taken out of the roster. Never sooner than safe. */
  readonly evictAfterMs: number;
  /** Records after which there is a new checkpoint. */
  readonly checkpointEvery: number;
  /** Scopes in the table. At most `maxScopes`, so that a checkpoint fits a message of 1 MiB. */
  readonly scopes: number;
  /** Further scopes for models, versions and everything: the way out of a full table. */
  readonly reservedScopes: number;
  readonly scopesPerRecord: number;
  /** Invalidations that callers wait for. */
  readonly calls: number;
  /** No entry lives longer, so that a scope invalidated before needs no place in a checkpoint. */
  readonly entryTtlMs: number;
  /**
   * The log was made by this process and lives in it: nobody can hold a lease of a log before it.
   * Otherwise the first D of a log's life are spent waiting for such leases to run out.
   */
  readonly isLogOurs: boolean;
}

/** 21 bytes each in a checkpoint. */
export const maxScopes = 40_000;

export const defaultCoherenceOptions: Omit<CoherenceOptions, "id"> = Object.freeze({
  terms: defaultTerms,
  formerWaitMs: 0,
  renewEveryMs: 1_000,
  retryMs: 250,
  evictAfterMs: 2 * defaultTerms.waitMs,
  checkpointEvery: 50_000,
  scopes: 32_768,
  reservedScopes: 1_024,
  scopesPerRecord: 1_024,
  calls: 1_024,
  entryTtlMs: limits.entryTtlMs,
  isLogOurs: false,
});

const idPattern = /^[A-Za-z0-9_-]{1,64}$/;

/** The options themselves, frozen, or BAD_CONFIG with what would be right. */
export function checkCoherenceOptions(options: CoherenceOptions): CoherenceOptions {
  checkTerms(options.terms);
  refuseUnless(
    options.formerWaitMs === 0 || isWait(options.formerWaitMs),
    `the former lease is ${options.formerWaitMs} ms, and must be 0 or what a lease may be`,
  );
  refuseUnless(idPattern.test(options.id), `"${options.id}" cannot be a gateway's id`);
  const { renewEveryMs, retryMs, evictAfterMs, entryTtlMs, terms } = options;
  const durations = { renewEveryMs, retryMs, evictAfterMs, entryTtlMs };
  for (const [name, ms] of Object.entries(durations)) {
    refuseUnless(ms > 0, `${name} is ${ms}, and must be a number of milliseconds above 0`);
  }
  refuseUnless(
    2 * renewEveryMs <= terms.waitMs,
    `renewEveryMs is ${renewEveryMs}, and must be at most half the lease of ${terms.waitMs} ms`,
  );
  refuseUnless(
    evictAfterMs >= 2 * renewEveryMs,
    `evictAfterMs is ${evictAfterMs}, and must be at least twice the ${renewEveryMs} ms between heartbeats`,
  );
  const { checkpointEvery, scopes, reservedScopes, scopesPerRecord, calls } = options;
  const counts = { checkpointEvery, scopes, reservedScopes, scopesPerRecord, calls };
  for (const [name, count] of Object.entries(counts)) {
    refuseUnless(
      Number.isSafeInteger(count) && count >= 1,
      `${name} is ${count}, and must be a whole number from 1`,
    );
  }
  refuseUnless(
    scopes + reservedScopes <= maxScopes,
    `scopes and reservedScopes are ${scopes + reservedScopes} together, and must be at most ${maxScopes}`,
  );
  return Object.freeze({ ...options });
}

function refuseUnless(isRight: boolean, why: string): void {
  if (!isRight) throw new KvringError("BAD_CONFIG", why);
}
