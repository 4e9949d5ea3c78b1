import { expect, test } from "vitest";
import type { Point } from "./curves.ts";
import { advise, formatAdvice, type Situation } from "./report.ts";

const gibibyte = 1024 ** 3;
const points = [1, 2, 4].map(
  (times): Point => ({
    ...{ policy: "lru", capacity: times * gibibyte },
    ...{ hitRatio: 0.5 + times / 10, savedShare: 0.4 + times / 10 },
  }),
);
const situation: Situation = {
  ...{ name: "node-1", unit: "bytes", points, capacity: gibibyte, basis: "", isWhole: false },
  ...{ requestsPerHour: 36_000, meanCostMs: 20 },
};

test("what one more gibibyte saves: the difference of what is saved, of all that was to be computed", () => {
  const { more, targets } = advise(situation);
  // A tenth of 36,000 requests of 20 ms.
  expect(more?.saved_worker_seconds_per_hour).toBeCloseTo(72);
  expect(more).toMatchObject({ hit_ratio: 0.6, hit_ratio_then: 0.7, is_beyond: false });
  const capacityFor = (ratio: number) => targets.find(({ hit_ratio }) => hit_ratio === ratio);
  expect(capacityFor(0.7)).toMatchObject({ policy: "lru", capacity: 2 * gibibyte });
  expect(capacityFor(0.95)).toMatchObject({ policy: null, capacity: null });
});

test("beyond what was looked at it is said so, and nothing is made up", () => {
  const beyond = advise({ ...situation, capacity: 4 * gibibyte });
  expect(beyond.more).toMatchObject({ is_beyond: true, saved_worker_seconds_per_hour: 0 });
  const unknown = advise({ ...situation, meanCostMs: undefined });
  expect(unknown.more?.saved_worker_seconds_per_hour).toBeNull();
  expect(formatAdvice(unknown, false)).toContain("needs requests per hour");
  expect(advise({ ...situation, capacity: undefined }).more).toBeNull();
});
