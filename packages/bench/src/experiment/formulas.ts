import assert from "node:assert";

/**
 * What a cache of `capacity` entries hits when requests are drawn independently of one another,
 * item i with probability `popularity[i]` (the independent reference model). Nothing here holds
 * for popularity that shifts, or for scans.
 */
export type Formula = (popularity: Float64Array, capacity: number) => number;

/** Che, Tung and Wang (2002): an item is there if it was asked within a time that all items share. */
export const lruHitRatio: Formula = (popularity, capacity) =>
  sharedTime(popularity, capacity, (load) => -Math.expm1(-load));

/**
 * Gelenbe (1973) showed FIFO and random replacement to hit alike; Fricker, Robert and Roberts
 * (2012) gave the form with a shared time, which unlike LRU's no hit prolongs.
 */
export const fifoHitRatio: Formula = (popularity, capacity) =>
  sharedTime(popularity, capacity, (load) => load / (1 + load));

/**
 * The most popular items and no others (A0 of Coffman and Denning, 1973): what LFU would come to if
 * it had counted for ever and forgot no count. An upper bound, and no prediction of a real LFU.
 */
export const mostPopularHitRatio: Formula = (popularity, capacity) => {
  const sorted = Float64Array.from(popularity).sort().reverse();
  return Math.min(
    1,
    sorted.subarray(0, capacity).reduce((sum, share) => sum + share, 0),
  );
};

/** Mean milliseconds of a request; `hitRatio` of them take `hitMs`, the others `missMs`. */
export function meanMs(hitRatio: number, hitMs: number, missMs: number): number {
  return hitRatio * hitMs + (1 - hitRatio) * missMs;
}

/** The smallest capacity that hits so often, by bisection: every formula here rises with it. */
export function capacityFor(formula: Formula, popularity: Float64Array, hitRatio: number): number {
  let low = 0;
  let high = popularity.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (formula(popularity, middle) >= hitRatio) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * `occupancy` tells how likely an item is there that was asked so many times, on average, within
 * the shared time; that time is the one at which `capacity` items are there, on average.
 */
function sharedTime(
  popularity: Float64Array,
  capacity: number,
  occupancy: (load: number) => number,
): number {
  assert(Number.isInteger(capacity) && capacity >= 0, "a capacity is a whole number of entries");
  const items = popularity.filter((share) => share > 0);
  if (capacity === 0) return 0;
  if (capacity >= items.length) return 1;
  const present = (time: number): number =>
    items.reduce((sum, share) => sum + occupancy(share * time), 0);
  let high = capacity;
  while (present(high) < capacity) high *= 2;
  let low = high === capacity ? 0 : high / 2;
  // Each step gives one bit, and a double has no more than that.
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (present(middle) < capacity) low = middle;
    else high = middle;
  }
  return items.reduce((sum, share) => sum + share * occupancy(share * high), 0);
}
