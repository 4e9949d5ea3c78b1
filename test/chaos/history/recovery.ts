import { isHit, type RequestRecord } from "./history.ts";

/** How the requests that started in a stretch of time fared. */
export interface Health {
  readonly requests: number;
  readonly failed: number;
  /** NaN without requests, as the quantiles are. */
  readonly hitRatio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the hits alone. */
  readonly hitP99Ms: number;
}

export function health(requests: readonly RequestRecord[]): Health {
  const durations = durationsOf(requests);
  const hits = requests.filter(isHit);
  return {
    requests: requests.length,
    failed: requests.filter(({ outcome }) => outcome.kind === "failed").length,
    hitRatio: hits.length / requests.length,
    p50Ms: quantile(durations, 0.5),
    p99Ms: quantile(durations, 0.99),
    hitP99Ms: quantile(durationsOf(hits), 0.99),
  };
}

/** In ascending order. */
export function durationsOf(
  records: readonly { readonly startMs: number; readonly endMs: number }[],
): number[] {
  return records.map(({ startMs, endMs }) => endMs - startMs).sort((a, b) => a - b);
}

/** The smallest value that so large a share does not exceed (nearest rank); NaN of nothing. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function startedBetween<T extends { readonly startMs: number }>(
  records: readonly T[],
  fromMs: number,
  toMs: number,
): T[] {
  return records.filter(({ startMs }) => startMs >= fromMs && startMs < toMs);
}

/**
 * How long after `faultMs` users could notice: until the end of the last window whose requests
 * fared worse than `isGood` allows; 0 when none did. Requests count where they start, since a
 * client that asks after the recovery must not notice anything.
 */
export function recoveryMs(
  requests: readonly RequestRecord[],
  options: {
    readonly faultMs: number;
    readonly untilMs: number;
    readonly windowMs: number;
    readonly isGood: (health: Health) => boolean;
  },
): number {
  const { faultMs, untilMs, windowMs, isGood } = options;
  const windows = Math.ceil((untilMs - faultMs) / windowMs);
  const byWindow: RequestRecord[][] = Array.from({ length: Math.max(0, windows) }, () => []);
  for (const request of requests) {
    byWindow[Math.floor((request.startMs - faultMs) / windowMs)]?.push(request);
  }
  const lastBad = byWindow.findLastIndex(
    (started) => started.length > 0 && !isGood(health(started)),
  );
  return (lastBad + 1) * windowMs;
}
