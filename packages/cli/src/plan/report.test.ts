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

test("each size has what workers still compute, and what more of it saves", () => {
  const { targets } = advise(situation);
  const at = (ratio: number) => targets.find(({ hit_ratio }) => hit_ratio === ratio);
  // Of 720 s, 0.6 saved with 2 GiB; at 3 GiB log2(1.5) of the way to 0.8.
  expect(at(0.7)?.worker_seconds_per_hour).toBeCloseTo(288);
  expect(at(0.7)?.more_saves_worker_seconds_per_hour).toBeCloseTo(720 * 0.2 * Math.log2(1.5));
  expect(at(0.95)).toMatchObject({
    ...{ worker_seconds_per_hour: null, more_saves_worker_seconds_per_hour: null },
  });
  expect(formatAdvice(advise(situation), false)).toContain("288 s/h");
  const unknown = advise({ ...situation, requestsPerHour: undefined });
  expect(unknown.targets[0]?.worker_seconds_per_hour).toBeNull();
  expect(formatAdvice(unknown, false)).not.toContain("workers compute");
  expect(formatAdvice({ ...unknown, more: null }, false)).toContain("--inference-ms");
});

test("a size for a whole trace is one that was tried", () => {
  const ratioOf = (isWhole: boolean) =>
    advise({ ...situation, isWhole }).targets.find(({ hit_ratio }) => hit_ratio === 0.8);
  expect(ratioOf(false)?.capacity).toBeLessThan(4 * gibibyte);
  expect(ratioOf(true)?.capacity).toBe(4 * gibibyte);
});
