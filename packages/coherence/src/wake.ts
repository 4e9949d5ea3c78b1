/**
 * The first of the moments that is still to come; Infinity: none. A moment that has passed waits
 * for something other than time.
 */
export function firstAfter(nowMs: number, moments: Iterable<number>): number {
  let first = Number.POSITIVE_INFINITY;
  for (const moment of moments) if (moment > nowMs && moment < first) first = moment;
  return first;
}
