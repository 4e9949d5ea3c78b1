import { seededRandom } from "@kvring/models";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  capacityFor,
  type Formula,
  fifoHitRatio,
  lruHitRatio,
  meanMs,
  mostPopularHitRatio,
} from "./formulas.ts";
import { draws, zipf } from "./laws.ts";
import { hitsOf, shareOf } from "./twin.ts";

const formulas: [string, Formula][] = [
  ["LRU", lruHitRatio],
  ["FIFO", fifoHitRatio],
  ["the most popular", mostPopularHitRatio],
];

const popularities = fc
  .array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 2, maxLength: 40 })
  .map((weights) => {
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return Float64Array.from(weights, (weight) => weight / sum);
  });

describe.each(formulas)("%s", (_, formula) => {
  test("hits what fits where all items are asked alike", () => {
    for (const capacity of [0, 1, 7, 50, 99, 100]) {
      expect(formula(zipf(100, 0), capacity)).toBeCloseTo(capacity / 100, 6);
    }
  });

  test("is within 0 and 1, and rises with the capacity", () => {
    fc.assert(
      fc.property(popularities, (popularity) => {
        let before = 0;
        for (let capacity = 0; capacity <= popularity.length + 1; capacity += 1) {
          const hits = formula(popularity, capacity);
          expect(hits).toBeGreaterThanOrEqual(before - 1e-9);
          expect(hits).toBeLessThanOrEqual(1 + 1e-9);
          before = hits;
        }
        expect(before).toBeCloseTo(1, 9);
      }),
    );
  });

  test("tells the smallest capacity for a hit ratio", () => {
    const popularity = zipf(300, 0.9);
    const capacity = capacityFor(formula, popularity, 0.8);
    expect(formula(popularity, capacity)).toBeGreaterThanOrEqual(0.8);
    expect(formula(popularity, capacity - 1)).toBeLessThan(0.8);
  });
});

test("FIFO hits no more than LRU, and LRU no more than the most popular", () => {
  fc.assert(
    fc.property(popularities, fc.integer({ min: 1, max: 40 }), (popularity, capacity) => {
      const lru = lruHitRatio(popularity, capacity);
      expect(fifoHitRatio(popularity, capacity)).toBeLessThanOrEqual(lru + 1e-9);
      expect(lru).toBeLessThanOrEqual(mostPopularHitRatio(popularity, capacity) + 1e-9);
    }),
  );
});

test("two items of which one fits, solved by hand", () => {
  const popularity = Float64Array.of(0.75, 0.25);
  expect(mostPopularHitRatio(popularity, 1)).toBe(0.75);
  // With y = e^(−t/4), t the shared time: y³ + y = 1.
  const y = 0.682_327_803_828_019_3;
  expect(lruHitRatio(popularity, 1)).toBeCloseTo(0.75 * (1 - y ** 3) + 0.25 * (1 - y), 9);
  expect(fifoHitRatio(popularity, 1)).toBeCloseTo(1 - Math.sqrt(0.75 * 0.25), 9);
});

test.each([
  ["lru", lruHitRatio, 0.8, 50],
  ["lru", lruHitRatio, 1.2, 250],
  ["fifo", fifoHitRatio, 0.8, 250],
  ["fifo", fifoHitRatio, 1.2, 50],
] as const)("%s does what its formula says", (policy, formula, exponent, capacity) => {
  const popularity = zipf(1_000, exponent);
  const stream = Array.from({ length: 120_000 }, draws(popularity, seededRandom(5)));
  const hits = hitsOf(policy, capacity, stream).slice(20_000);
  expect(Math.abs(shareOf(hits) - formula(popularity, capacity))).toBeLessThan(0.005);
});

test("the mean time weighs hits and misses", () => {
  expect(meanMs(0.9, 1, 11)).toBeCloseTo(2, 12);
  expect(meanMs(0, 1, 11)).toBe(11);
  expect(meanMs(1, 1, 11)).toBe(1);
});
