import { judge, type StaleAnswer } from "./checker.ts";
import type { History, InvalidationRecord, RequestRecord } from "./history.ts";
import { type Health, health, recoveryMs, startedBetween } from "./recovery.ts";

/** When an experiment began, broke something, and ended; by the clock of the records. */
export interface ExperimentTimes {
  readonly startMs: number;
  readonly faultMs: number;
  readonly untilMs: number;
}

/** What the clients saw of an experiment; durations in milliseconds. */
export interface Finding extends ExperimentTimes {
  readonly requests: number;
  readonly failed: readonly RequestRecord[];
  /** Answers that no model gives to the question. */
  readonly wrong: readonly RequestRecord[];
  /** Answers that cannot have been: not zero means that the observer is broken. */
  readonly impossible: readonly RequestRecord[];
  readonly stale: readonly StaleAnswer[];
  /** Asked for meanwhile, whether promised or not. */
  readonly invalidations: readonly InvalidationRecord[];
  /** Keys that were computed again without an invalidation, and how often at the most. */
  readonly recomputedKeys: number;
  readonly recomputedMost: number;
  /** From the fault until p99 stays within three times the baseline, and nothing fails. */
  readonly p99RecoveryMs: number;
  /** From the fault until the hit ratio stays near the baseline. */
  readonly hitRecoveryMs: number;
  readonly before: Health;
  readonly during: Health;
  /** In the last two windows. */
  readonly after: Health;
}

const windowMs = 1_000;
/** Slower than this, and than three times the baseline, is noticed. */
const noticeableMs = 100;
/** A window has some 150 requests: its hit ratio strays by 0.03 without any fault. */
const hitRatioTolerance = 0.12;

/** `lagMs`: what the machine itself may withhold from a request, see `MachineLag`. */
export function find(history: History, times: ExperimentTimes, lagMs: number): Finding {
  const { startMs, faultMs, untilMs } = times;
  const requests = startedBetween(history.requests, startMs, untilMs);
  const { stale, impossible, wrong, failed } = judge({ ...history, requests });
  const before = health(startedBetween(requests, startMs, faultMs));
  const slowMs = Math.max(noticeableMs, 3 * before.p99Ms) + lagMs;
  const recovery = (isGood: (window: Health) => boolean): number =>
    recoveryMs(requests, { faultMs, untilMs, windowMs, isGood });
  const recomputed = recomputedSince(history, faultMs);
  return {
    ...times,
    requests: requests.length,
    failed,
    wrong,
    impossible,
    stale,
    invalidations: startedBetween(history.invalidations, startMs, untilMs),
    recomputedKeys: recomputed.length,
    recomputedMost: Math.max(0, ...recomputed),
    p99RecoveryMs: recovery((window) => window.failed === 0 && window.p99Ms <= slowMs),
    hitRecoveryMs: recovery((window) => window.hitRatio >= before.hitRatio - hitRatioTolerance),
    before,
    during: health(startedBetween(requests, faultMs, untilMs)),
    after: health(startedBetween(requests, untilMs - 2 * windowMs, untilMs)),
  };
}

/**
 * For each key that was computed too often since `faultMs`: how often. What had to be computed again
 * before, as after an earlier experiment, is not this one's fault.
 */
function recomputedSince(history: History, faultMs: number): number[] {
  const earlier = judge({
    ...history,
    computations: history.computations.filter(({ atMs }) => atMs < faultMs),
    invalidations: history.invalidations.filter(({ startMs }) => startMs < faultMs),
  });
  const known = new Map(earlier.recomputed.map(({ key, excess }) => [key, excess]));
  return judge(history)
    .recomputed.map(({ key, excess }) => excess - (known.get(key) ?? 0))
    .filter((excess) => excess > 0);
}
