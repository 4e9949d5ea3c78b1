import { decodeFailure, type Entry, KvringError } from "@kvring/core";

export function notCached(): KvringError {
  return new KvringError(
    "NOT_CACHED",
    "the answer is not in the cache, and only-if-cached forbids computing it",
  );
}

export function leaseLapsed(leaseAgeMs: number): KvringError {
  const since = Number.isFinite(leaseAgeMs)
    ? `was last heard ${(leaseAgeMs / 1000).toFixed(1)} s ago`
    : "has not been heard yet";
  return new KvringError(
    "BUS_UNAVAILABLE",
    `the control log ${since}, so nobody knows what is current: check NATS and retry, or allow stale-if-error=S`,
  );
}

/** What the model said of this input, now or a while ago. Throws ENTRY_MALFORMED. */
export function failureIn(entry: Entry, isRemembered: boolean): KvringError {
  const failure = decodeFailure(entry.body);
  if (!isRemembered) return failure;
  const left = `${Math.ceil(entry.ttlMs / 1000)} s`;
  return new KvringError(
    failure.reason,
    `${failure.message} (remembered; the model is asked again in ${left}, or at once with cache_control no-cache)`,
  );
}
