import { expect } from "vitest";
import type { InvalidationRecord } from "../history/history.ts";
import { durationsOf } from "../history/recovery.ts";
import type { Observation } from "../laboratory.ts";

/** What is promised holds with room to spare: these tests share a machine of two cores. */
export const margin = 3;

/** p99 is back after the death of a node. */
export const recoveryMs = 1_000 * margin;

/** An invalidation, while every gateway lives. */
export const promptMs = 20 * margin;

/** Whatever breaks: no answer is wrong, none is older than promised. */
export function expectHonest(found: Observation): void {
  expect.soft(found.impossible, "answers from the future: the observer is broken").toEqual([]);
  expect.soft(found.wrong, "answers to other questions").toEqual([]);
  expect.soft(found.stale, "answers from before an invalidation that was promised").toEqual([]);
}

export function expectNothingFailed(found: Observation): void {
  expect.soft(found.failed).toEqual([]);
  expect.soft(found.skipped, "questions without a gateway to ask").toBe(0);
}

/** One computation per key, and one more for each death. */
export function expectComputedOnce(found: Observation, deaths: number): void {
  expect.soft(found.recomputedMost, "computations of one key too many").toBeLessThanOrEqual(deaths);
}

export function expectRecovery(found: Observation, withinMs = recoveryMs): void {
  expect.soft(found.p99RecoveryMs, "p99 is back").toBeLessThanOrEqual(withinMs);
  expect.soft(found.hitRecoveryMs, "the hit ratio is back").toBeLessThanOrEqual(withinMs);
}

export function expectPromised(
  invalidations: readonly InvalidationRecord[],
  withinMs: number,
): void {
  expect.soft(invalidations.length, "invalidations were asked for").toBeGreaterThan(0);
  expect.soft(invalidations.filter(({ okMs }) => okMs === undefined)).toEqual([]);
  expect.soft(durationsOf(invalidations).at(-1)).toBeLessThanOrEqual(withinMs);
}
