import type { PolicyName } from "../store.ts";

/** What a cache of that size would do under that policy. */
export interface CurvePoint {
  readonly policy: PolicyName;
  /** In the unit of the cache that is watched. */
  readonly capacity: number;
  /** Of requests, 0 to 1. */
  readonly hitRatio: number;
  /** Of the milliseconds that all requests would cost without a cache, 0 to 1. */
  readonly savedShare: number;
}

export interface MissRatioCurves {
  readonly points: readonly CurvePoint[];
  /** The share of keys that was looked at. */
  readonly rate: number;
  readonly keys: number;
  /** What the figures rest on; older requests count less. */
  readonly requests: number;
  /** What computing the answer to one of them takes, on the mean. */
  readonly meanCostMs: number;
}

/** What an adaptive store can tell of itself. */
export interface Adaptation {
  /** The policy that governs now. */
  readonly policy: PolicyName;
  readonly switches: number;
  readonly curves: MissRatioCurves;
}
