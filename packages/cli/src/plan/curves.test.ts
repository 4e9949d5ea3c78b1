import { policyNames } from "@kvring/store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bestAt, gapsBefore, leastFor, type Point, shareAt } from "./curves.ts";

const point = (policy: Point["policy"], capacity: number, hitRatio: number): Point => ({
  ...{ policy, capacity, hitRatio, savedShare: hitRatio / 2 },
});
const points = [
  ...[point("lru", 400, 0.8), point("lru", 100, 0.4), point("lru", 200, 0.6)],
  ...[point("fifo", 100, 0.5), point("fifo", 400, 0.7)],
];

test("the least size for a hit ratio, by the policy that needs least", () => {
  expect(leastFor(0.8, points)).toEqual({ policy: "lru", capacity: 400 });
  expect(leastFor(0.45, points)).toEqual({ policy: "fifo", capacity: 100 });
  // Halfway from 0.6 to 0.8 is halfway in doublings: 200 · √2.
  expect(leastFor(0.7, points)).toEqual({ policy: "lru", capacity: 283 });
  expect(leastFor(0.9, points)).toBeUndefined();
  expect(leastFor(0.5, [])).toBeUndefined();
});

test("the best that any policy does with a size", () => {
  expect(bestAt(100, points, "hitRatio")).toBe(0.5);
  expect(bestAt(200, points, "hitRatio")).toBe(0.6);
  expect(bestAt(200, points, "savedShare")).toBe(0.3);
  expect(bestAt(1e9, points, "hitRatio")).toBe(0.8);
  expect(bestAt(1, points, "hitRatio")).toBe(0.5);
});

test("who has the size that is named reaches the target", () => {
  const rising = fc
    .array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 2, maxLength: 8 })
    .map((ratios) => ratios.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(
      rising,
      fc.constantFrom(...policyNames),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (ratios, policy, target) => {
        const curve = ratios.map((ratio, at) => point(policy, 1_000_000 * 2 ** at, ratio));
        const least = leastFor(target, curve);
        if (least === undefined) expect(ratios.at(-1)).toBeLessThan(target);
        else
          expect(bestAt(least.capacity, curve, "hitRatio")).toBeGreaterThanOrEqual(target - 1e-6);
      },
    ),
  );
});

test("where curves leap, a size is one that was looked at", () => {
  expect(leastFor(0.7, points, "leaps")).toEqual({ policy: "lru", capacity: 400 });
  expect(leastFor(0.45, points, "leaps")).toEqual({ policy: "fifo", capacity: 100 });
});

test("what may reach a target before all others lies between two sizes of a policy", () => {
  expect(gapsBefore(0.7, points)).toEqual([
    { policy: "lru", from: 200, to: 400 },
    { policy: "fifo", from: 100, to: 400 },
  ]);
  // FIFO's smallest size reaches it, and nothing below was looked at.
  expect(gapsBefore(0.5, points)).toEqual([]);
  expect(gapsBefore(0.9, points)).toEqual([]);
});

test("a policy is asked for itself", () => {
  expect(shareAt({ policy: "lru", capacity: 100 }, points, "hitRatio")).toBe(0.4);
  expect(shareAt({ policy: "sieve", capacity: 100 }, points, "hitRatio")).toBe(0);
});
