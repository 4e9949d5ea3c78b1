import type { Outcome } from "./checks.ts";

/** All that was measured, as `results.json` has it. */
export interface Experiment {
  readonly outcomes: readonly Outcome[];
  /** Distinct digits. */
  readonly items: number;
  readonly seed: number;
  readonly seconds: number;
  /** What was out of bounds, in words. */
  readonly violations: readonly string[];
}
