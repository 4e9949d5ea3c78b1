import type { PlannedRun } from "./plan.ts";
import type { Measured } from "./run.ts";

/** A run with its plan, but for the stream. */
export interface Outcome {
  readonly plan: Omit<PlannedRun, "stream">;
  readonly measured: Measured;
}

export const hitBound = 0.015;
export const timeBound = 0.1;

/** By how much the measured hit ratio is off the predicted one, where it is predicted and counted. */
export function hitError({ plan, measured }: Outcome): number | undefined {
  if (plan.prediction.kind !== "formula" || plan.counted === 0) return undefined;
  return measured.hitRatio - plan.prediction.hitRatio;
}

/** By how much the measured time is off the predicted one, in shares of the latter. */
export function timeError({ measured: { cachedMs, predictedMs } }: Outcome): number | undefined {
  return predictedMs === undefined ? undefined : cachedMs / predictedMs - 1;
}

/** What must hold of every run and does not, in words. */
export function violations(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap((outcome) => {
    const { plan, measured } = outcome;
    const run = `${plan.model}, ${plan.law}, ${plan.policy}, ${plan.capacityEntries} entries`;
    const [hits, time] = [hitError(outcome) ?? 0, timeError(outcome) ?? 0];
    return [
      ...(Math.abs(hits) > hitBound
        ? [`${run}: ${(hits * 100).toFixed(2)} points off the predicted hit ratio`]
        : []),
      ...(Math.abs(time) > timeBound
        ? [`${run}: ${(time * 100).toFixed(1)} % off the predicted time`]
        : []),
      ...(measured.different > 0
        ? [`${run}: ${measured.different} answers differ from the uncached ones`]
        : []),
      ...(measured.entries > plan.capacityEntries
        ? [`${run}: the node held ${measured.entries} entries`]
        : []),
    ];
  });
}
