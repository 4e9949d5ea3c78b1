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

/** The requests in stretches of equal length by their start, the empty ones too. */
export function windowsOf(
  requests: readonly RequestRecord[],
  times: { readonly fromMs: number; readonly untilMs: number; readonly windowMs: number },
): Health[] {
  const { fromMs, untilMs, windowMs } = times;
  const count = Math.max(0, Math.ceil((untilMs - fromMs) / windowMs));
  const started: RequestRecord[][] = Array.from({ length: count }, () => []);
  for (const request of requests) {
    started[Math.floor((request.startMs - fromMs) / windowMs)]?.push(request);
  }
  return started.map(health);
}

/**
 * How many windows users could notice: those before the first `calm` good ones in a row. What goes
 * wrong after such a time has another cause. All of them when it never becomes calm.
 */
export function recoveryWindows(
  windows: readonly Health[],
  calm: number,
  isGood: (window: Health) => boolean,
): number {
  let good = 0;
  for (const [index, window] of windows.entries()) {
    good = window.requests === 0 || isGood(window) ? good + 1 : 0;
    if (good === calm) return index + 1 - calm;
  }
  return windows.length - good;
}
