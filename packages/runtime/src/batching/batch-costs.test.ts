import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchCosts } from "./batch-costs.ts";

/** Batches of every size, as often as it takes for the costs to be believed. */
function learned(maxSize: number, msOf: (rows: number) => number): BatchCosts {
  const costs = new BatchCosts(maxSize);
  for (let round = 0; round < 60; round += 1) {
    for (let rows = 1; rows <= maxSize; rows += 1) costs.observe(rows, msOf(rows));
  }
  return costs;
}

test("the target is as large as rows get cheaper", () => {
  expect(learned(32, () => 1).target).toBe(32);
  expect(learned(32, (rows) => rows).target).toBe(1);
  // Up to eight cost the same.
  expect(learned(32, (rows) => Math.max(8, rows)).target).toBe(15);
});

test("sizes nobody has tried are taken for the best, the largest of them first", () => {
  expect(new BatchCosts(32).target).toBe(32);
  const costs = new BatchCosts(32, new Map([1, 2, 4, 8, 16].map((rows) => [rows, rows])));
  expect(costs.target).toBe(32);
  costs.observe(32, 32);
  expect(costs.target).toBe(1);
});

test("larger sizes are tried again after a while", () => {
  const costs = new BatchCosts(
    8,
    new Map([
      [1, 1],
      [2, 4],
      [4, 8],
      [8, 16],
    ]),
  );
  expect(costs.target).toBe(1);
  let batches = 0;
  while (costs.target === 1 && batches < 10_000) {
    costs.observe(1, 1);
    batches += 1;
  }
  expect(batches).toBe(512);
  expect(costs.target).toBe(8);
});

test("the target is never beyond the maximum, nor below one", () => {
  const batches = fc.array(fc.tuple(fc.integer({ min: 1, max: 80 }), fc.float({ min: 0 })));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), batches, (maxSize, observed) => {
      const costs = new BatchCosts(maxSize);
      for (const [rows, ms] of observed) costs.observe(rows, ms);
      expect(costs.target).toBeGreaterThanOrEqual(1);
      expect(costs.target).toBeLessThanOrEqual(maxSize);
    }),
  );
});
