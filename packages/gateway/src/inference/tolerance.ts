import type { CheckedRequest } from "./checked-request.ts";

type Asking = Pick<CheckedRequest, "cache" | "model">;

/**
 * How long ago an answer may have expired to be given to this request, in milliseconds: by its own
 * `max-stale` (RFC 9111, 5.2.1.2), or by what its model allows while one refresh runs (RFC 5861).
 * Nothing here allows what was invalidated.
 */
export function staleMsFor({ cache, model }: Asking): number {
  return Math.max(cache.maxStaleMs, revalidatedMsFor({ cache, model }));
}

/** Of these, how long with a refresh. Who names an age wants nothing stale (RFC 9111, 5.2.1.1). */
export function revalidatedMsFor({ cache, model }: Asking): number {
  return cache.maxAgeMs === undefined ? (model.staleWhileRevalidateMs ?? 0) : 0;
}

/**
 * Whether an answer that lives for another `ttlMs`, and took `costMs` to compute, is to be refreshed
 * now. Each asker draws for itself, with better odds the nearer the end is and the longer computing
 * takes, so that an answer that many want is refreshed before it expires, and one that nobody asks
 * for is not: no counter is needed to know which (Vattani, Chierichetti and Lowenstein, "Optimal
 * Probabilistic Cache Stampede Prevention", PVLDB 8, 2015; `eagerness` is their β).
 */
export function isRefreshDue(
  eagerness: number,
  { costMs, ttlMs }: { readonly costMs: number; readonly ttlMs: number },
  random: () => number,
): boolean {
  return eagerness > 0 && ttlMs <= -Math.log(random()) * costMs * eagerness;
}
