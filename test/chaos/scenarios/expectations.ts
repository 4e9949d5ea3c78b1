import { expect } from "vitest";
import type { Finding } from "../results.ts";

/** What these tests share a machine of two cores for: the bounds hold with room to spare. */
export const margin = 3;

/** p99 is back after the death of a node. */
export const recoveryMs = 1_000 * margin;

/** Whatever breaks: no answer is wrong, none is older than promised. */
export function expectHonest(found: Finding): void {
  expect.soft(found.impossible, "answers from the future: the observer is broken").toEqual([]);
  expect.soft(found.wrong, "answers to other questions").toEqual([]);
  expect.soft(found.stale, "answers from before an invalidation that was promised").toEqual([]);
}

export function expectNothingFailed(found: Finding): void {
  expect.soft(found.failed).toEqual([]);
  expect.soft(found.skipped, "questions without a gateway to ask").toBe(0);
}

/** One computation per key, and one more for each death. */
export function expectComputedOnce(found: Finding, deaths: number): void {
  expect.soft(found.recomputedMost, "computations of one key too many").toBeLessThanOrEqual(deaths);
}

export function expectRecovery(found: Finding, withinMs = recoveryMs): void {
  expect.soft(found.p99RecoveryMs, "p99 is back").toBeLessThanOrEqual(withinMs);
  expect.soft(found.hitRecoveryMs, "the hit ratio is back").toBeLessThanOrEqual(withinMs);
}
