import fc from "fast-check";
import { expect, test } from "vitest";
import { WaitEstimate } from "./wait-estimate.ts";

test("nothing is expected of what nobody has seen", () => {
  expect(new WaitEstimate().expectedMs(100, 0)).toBeUndefined();
});

test("a place is expected to wait as long as places like it did, and no shorter than those before", () => {
  const estimate = new WaitEstimate();
  estimate.observe(1, 20, 0);
  estimate.observe(10, 200, 0);
  expect([1, 7, 8, 15, 4_000].map((place) => estimate.expectedMs(place, 0))).toEqual([
    ...[20, 20, 200, 200, 200],
  ]);
});

test("what was seen follows what is seen, and is forgotten after ten seconds", () => {
  const estimate = new WaitEstimate();
  estimate.observe(4, 300, 0);
  estimate.observe(4, 100, 0);
  expect(estimate.expectedMs(4, 0)).toBe(275);
  for (let seen = 0; seen < 100; seen += 1) estimate.observe(4, 100, 0);
  expect(estimate.expectedMs(4, 0)).toBeCloseTo(100, 0);
  expect(estimate.isEmpty(10_000)).toBe(false);
  expect(estimate.isEmpty(10_001)).toBe(true);
  expect(estimate.expectedMs(4, 10_001)).toBeUndefined();
});

test("what was seen in an outage is forgotten with the first that shows that it is over", () => {
  const estimate = new WaitEstimate();
  for (const place of [1, 3, 100]) estimate.observe(place, 19_000, 0);
  estimate.observe(3, 20, 0);
  expect([1, 2, 100].map((place) => estimate.expectedMs(place, 0))).toEqual([
    ...[19_000, 19_000, 19_000],
  ]);
  estimate.observe(1, 30, 0);
  expect([1, 2, 100].map((place) => estimate.expectedMs(place, 0))).toEqual([30, 30, 30]);
});

test("whoever gave up early shows nothing, and who waited longer does", () => {
  const estimate = new WaitEstimate();
  estimate.observe(1, 1_000, 0);
  estimate.observeGivenUp(1, 100, 9_000);
  expect(estimate.expectedMs(1, 0)).toBe(1_000);
  // It is known to be no better still.
  expect(estimate.expectedMs(1, 18_000)).toBe(1_000);
  estimate.observeGivenUp(1, 9_000, 18_000);
  expect(estimate.expectedMs(1, 18_000)).toBe(2_000);
  estimate.observeGivenUp(2, 300, 40_000);
  expect(estimate.expectedMs(2, 40_000)).toBe(300);
});

test("never more is expected than was seen", () => {
  const seen = fc.array(fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.nat(60_000)), {
    minLength: 1,
  });
  fc.assert(
    fc.property(seen, fc.integer({ min: 1, max: 10_000 }), (observations, place) => {
      const estimate = new WaitEstimate();
      for (const [at, waitMs] of observations) estimate.observe(at, waitMs, 0);
      const longest = Math.max(...observations.map(([, waitMs]) => waitMs));
      expect(estimate.expectedMs(place, 0) ?? 0).toBeLessThanOrEqual(longest + 1e-6);
    }),
  );
});
