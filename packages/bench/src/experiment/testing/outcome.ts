import type { Outcome } from "../checks.ts";
import { type Choice, planRun, wholeEffort } from "../plan.ts";

/** A run that came out as predicted: hits take 1 ms, misses and uncached requests 3 ms. */
export function exampleOutcome(
  choice: Partial<Choice> = {},
  changes: Partial<Outcome["measured"]> = {},
): Outcome {
  const { stream: _, ...plan } = planRun(
    { ...{ model: "mnist", law: "uniform", policy: "lru", share: 0.5 }, ...choice },
    { items: 40, seed: 1, effort: wholeEffort },
  );
  return {
    plan,
    measured: {
      ...{ hitRatio: 0.5, collapsed: 0, requests: 100, timedHitRatio: 0.5, hitMs: 1, missMs: 3 },
      ...{ hitMedianMs: 1, missMedianMs: 3, cachedMs: 2, uncachedMs: 3, uncachedMedianMs: 3 },
      ...{ inferenceMs: 0.5, fillMs: 2.5, predictedMs: 2, entries: 20, utilisation: 1 },
      ...{ accuracy: 0.9, accuracyUncached: 0.9, different: 0, load: 0 },
      ...changes,
    },
  };
}
