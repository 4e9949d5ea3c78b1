import { expect, test } from "vitest";
import { isRampOver, readPlan } from "./read-plan.ts";

test("a primary that owned the key before is asked alone", () => {
  expect(readPlan(["a", "b"], ["a", "c"])).toEqual({ owners: ["a", "b"], sources: [] });
  expect(readPlan(["b", "a"], ["a", "b"])).toEqual({ owners: ["b", "a"], sources: [] });
});

test("a new primary has its misses looked up at the previous owners", () => {
  expect(readPlan(["new", "a"], ["a", "b"])).toEqual({
    owners: ["new", "a"],
    sources: ["a", "b"],
  });
});

test("an empty ring has nobody to ask", () => {
  expect(readPlan([], [])).toEqual({ owners: [], sources: [] });
  expect(readPlan(["first"], [])).toEqual({ owners: ["first"], sources: [] });
});

test("the ramp is over at 0.9 of the previous hit ratio, or at its cap", () => {
  const ramp = { hitRatio: 0.71, previousHitRatio: 0.8, sinceMs: 5_000 };
  expect(isRampOver(ramp, 60_000)).toBe(false);
  expect(isRampOver({ ...ramp, hitRatio: 0.73 }, 60_000)).toBe(true);
  expect(isRampOver({ ...ramp, sinceMs: 60_000 }, 60_000)).toBe(true);
});
