import { expect, test } from "vitest";
import { hitError, type Outcome, timeError, violations } from "./checks.ts";
import { planRun } from "./plan.ts";

const plan = planRun({ model: "mnist", law: "uniform", policy: "lru", share: 0.5 }, 40, 1);

const outcome = (changes: Partial<Outcome["measured"]> = {}): Outcome => ({
  plan,
  measured: {
    ...{ hitRatio: 0.5, collapsed: 0, requests: 100, timedHitRatio: 0.5, hitMs: 1, missMs: 3 },
    ...{ hitMedianMs: 1, missMedianMs: 3, cachedMs: 2, uncachedMs: 3, uncachedMedianMs: 3 },
    ...{ inferenceMs: 1, fillMs: 2, predictedMs: 2, entries: 20, utilisation: 1, accuracy: 1 },
    ...{ accuracyUncached: 1, different: 0, load: 0 },
    ...changes,
  },
});

test("what is predicted and comes about is no violation", () => {
  expect(hitError(outcome({ hitRatio: 0.51 }))).toBeCloseTo(0.01, 6);
  expect(timeError(outcome({ cachedMs: 2.1 }))).toBeCloseTo(0.05, 12);
  expect(violations([outcome({ hitRatio: 0.51, cachedMs: 2.1 })])).toEqual([]);
});

test.each<[Partial<Outcome["measured"]>, RegExp]>([
  [{ hitRatio: 0.516 }, /1\.60 points/],
  [{ cachedMs: 1.7 }, /-15\.0 %/],
  [{ different: 2 }, /2 answers differ/],
  [{ entries: 21 }, /21 entries/],
])("%o is one", (changes, words) => {
  expect(violations([outcome(changes)])).toEqual([expect.stringMatching(words)]);
});

test("where no formula applies there is nothing to be off", () => {
  const shifting = planRun({ model: "mnist", law: "shifting", policy: "lru", share: 0.5 }, 40, 1);
  expect(shifting.prediction.kind).toBe("none");
  expect(hitError({ ...outcome({ hitRatio: 0.1 }), plan: shifting })).toBeUndefined();
});
