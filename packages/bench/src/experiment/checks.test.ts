import { expect, test } from "vitest";
import { hitError, type Outcome, timeError, violations } from "./checks.ts";
import { exampleOutcome } from "./testing/outcome.ts";

test("what is predicted and comes about is no violation", () => {
  const outcome = exampleOutcome({}, { hitRatio: 0.51, cachedMs: 2.1 });
  expect(hitError(outcome)).toBeCloseTo(0.01, 6);
  expect(timeError(outcome)).toBeCloseTo(0.05, 12);
  expect(violations([outcome])).toEqual([]);
});

test.each<[Partial<Outcome["measured"]>, RegExp]>([
  [{ hitRatio: 0.516 }, /1\.60 points/],
  [{ cachedMs: 1.7 }, /-15\.0 %/],
  [{ different: 2 }, /2 answers differ/],
  [{ entries: 21 }, /21 entries/],
])("%o is one", (changes, words) => {
  expect(violations([exampleOutcome({}, changes)])).toEqual([expect.stringMatching(words)]);
});

test("where no formula applies there is nothing to be off", () => {
  for (const choice of [{ law: "shifting" }, { law: "scan" }, { policy: "lfu" }] as const) {
    const outcome = exampleOutcome(choice, { hitRatio: 0.1 });
    expect(outcome.plan.prediction.kind).not.toBe("formula");
    expect(hitError(outcome)).toBeUndefined();
  }
});
