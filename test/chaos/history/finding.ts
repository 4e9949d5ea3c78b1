import { judge, type StaleAnswer } from "./checker.ts";
import type { History, InvalidationRecord, RequestRecord } from "./history.ts";
import { type Health, health, recoveryWindows, startedBetween, windowsOf } from "./recovery.ts";

/** When an experiment began, broke something, and ended; by the clock of the records. */
export interface ExperimentTimes {
  readonly startMs: number;
  readonly faultMs: number;
  /** When what can be undone was undone; undefined: what died stays dead. */
  readonly healedMs: number | undefined;
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
  /**
   * From the death, or the end of the fault, until for three seconds nothing fails and p99 is within
   * three times the baseline.
   */
  readonly p99RecoveryMs: number;
  /** From the same moment until the hit ratio is near the baseline as long. */
  readonly hitRecoveryMs: number;
  /** Seconds since the fault in which the hit ratio was not near the baseline. */
  readonly hitDips: number;
  readonly before: Health;
  readonly during: Health;
  /** In the last two windows. */
  readonly after: Health;
}

const windowMs = 1_000;
const calmWindows = 3;
/** Slower than this, and than three times the baseline, is noticed. */
const noticeableMs = 100;
/** A window has some 150 requests: its hit ratio strays by 0.03 without any fault. */
const hitRatioTolerance = 0.12;
const fewRequests = 50;

/** `lagMs`: what the machine itself may withhold from a request, see `MachineLag`. */
export function find(history: History, times: ExperimentTimes, lagMs: number): Finding {
  const { startMs, faultMs, untilMs, healedMs = faultMs } = times;
  const requests = startedBetween(history.requests, startMs, untilMs);
  const { stale, impossible, wrong, failed } = judge({ ...history, requests });
  const before = health(startedBetween(requests, startMs, faultMs));
  const slowMs = Math.max(noticeableMs, 3 * before.p99Ms) + lagMs;
  const isFast = (window: Health): boolean => window.failed === 0 && window.p99Ms <= slowMs;
  const hits = ({ requests: count, hitRatio }: Health): boolean =>
    count < fewRequests || hitRatio >= before.hitRatio - hitRatioTolerance;
  const since = (fromMs: number): Health[] => windowsOf(requests, { fromMs, untilMs, windowMs });
  const healed = since(healedMs);
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
    p99RecoveryMs: recoveryWindows(healed, calmWindows, isFast) * windowMs,
    hitRecoveryMs: recoveryWindows(healed, calmWindows, hits) * windowMs,
    hitDips: since(faultMs).filter((window) => !hits(window)).length,
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
