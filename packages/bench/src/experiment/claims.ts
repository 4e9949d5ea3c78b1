import { capacityFor, fifoHitRatio, lruHitRatio, mostPopularHitRatio } from "./formulas.ts";
import { laws } from "./laws.ts";

/** What is said of caches in front of a classifier of MNIST's digits, without how it was measured. */
export interface Claim {
  readonly policy: "lru" | "lfu" | "fifo";
  readonly hitRatio: number;
  /** Share of the mean inference time. */
  readonly saved: number;
}

export const claims: readonly Claim[] = [
  { policy: "lru", hitRatio: 0.9, saved: 0.4 },
  { policy: "lfu", hitRatio: 0.85, saved: 0.3 },
  { policy: "fifo", hitRatio: 0.8, saved: 0.2 },
];

/** What a hit must cost, in inferences, if a miss costs exactly one: saved = h · (1 − T_hit). */
export function hitCost({ hitRatio, saved }: Pick<Claim, "hitRatio" | "saved">): number {
  return 1 - saved / hitRatio;
}

/**
 * What hit and miss must cost, in inferences, if both claims are of one system:
 * 1 − saved = h · T_hit + (1 − h) · T_miss, twice.
 */
export function costsBehind(
  one: Claim,
  other: Claim,
): { readonly hit: number; readonly miss: number } {
  const slope = (other.saved - one.saved) / (other.hitRatio - one.hitRatio);
  const atAllHits = one.saved + slope * (1 - one.hitRatio);
  return { hit: 1 - atAllHits, miss: 1 - atAllHits + slope };
}

/** For a law: the size at which LRU hits as claimed, and what the others hit in as much memory. */
export interface Origin {
  readonly law: string;
  /** Share of the distinct items. */
  readonly share: number;
  readonly lru: number;
  readonly fifo: number;
  readonly mostPopular: number;
}

export function originsOf(hitRatio: number, items: number): Origin[] {
  return Object.values(laws).flatMap(({ name, popularity }) => {
    const probabilities = popularity?.(items);
    if (probabilities === undefined) return [];
    const capacity = capacityFor(lruHitRatio, probabilities, hitRatio);
    return [
      {
        law: name,
        share: capacity / items,
        lru: lruHitRatio(probabilities, capacity),
        fifo: fifoHitRatio(probabilities, capacity),
        mostPopular: mostPopularHitRatio(probabilities, capacity),
      },
    ];
  });
}
