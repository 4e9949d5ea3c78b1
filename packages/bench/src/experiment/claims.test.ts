import { expect, test } from "vitest";
import { type Claim, claims, costsBehind, hitCost, originsOf } from "./claims.ts";
import { meanMs } from "./formulas.ts";

const [lru, lfu, fifo] = claims as [Claim, Claim, Claim];

test("what is saved and what is hit fix what a hit costs", () => {
  expect(hitCost({ hitRatio: 0.5, saved: 0.25 })).toBe(0.5);
  for (const claim of claims) {
    expect(meanMs(claim.hitRatio, hitCost(claim), 1)).toBeCloseTo(1 - claim.saved, 12);
  }
});

test("one pair of costs explains all three claims: 0.4 inferences a hit, 2.4 a miss", () => {
  for (const [one, other] of [
    [lru, lfu],
    [lfu, fifo],
    [fifo, lru],
  ] as const) {
    const { hit, miss } = costsBehind(one, other);
    expect([hit, miss]).toEqual([expect.closeTo(0.4, 9), expect.closeTo(2.4, 9)]);
    expect(meanMs(one.hitRatio, hit, miss)).toBeCloseTo(1 - one.saved, 12);
  }
});

test("where LRU hits 90 %, independent requests leave FIFO below it and the most popular above", () => {
  const origins = originsOf(0.9, 500);
  expect(origins.map(({ law }) => law)).toEqual(["uniform", "zipf-0.8", "zipf-1.0", "zipf-1.2"]);
  for (const { share, lru: hits, fifo: lower, mostPopular } of origins) {
    expect(share).toBeGreaterThan(0);
    expect(hits).toBeGreaterThanOrEqual(0.9);
    expect(lower).toBeLessThanOrEqual(hits + 1e-9);
    expect(mostPopular).toBeGreaterThanOrEqual(hits - 1e-9);
  }
});
