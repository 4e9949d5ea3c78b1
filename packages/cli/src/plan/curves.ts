import type { PolicyName } from "@kvring/store";

/** What a cache of that size would do under that policy. */
export interface Point {
  readonly policy: PolicyName;
  /** In bytes or entries. */
  readonly capacity: number;
  /** Of requests, 0 to 1. */
  readonly hitRatio: number;
  /** Of what computing all answers would take, 0 to 1. */
  readonly savedShare: number;
}

/** A policy and the size from which it does what is wanted. */
export interface Choice {
  readonly policy: PolicyName;
  readonly capacity: number;
}

export type Measure = "hitRatio" | "savedShare";

/** What is between two sizes: a straight line over the logarithm, or nothing that could be known. */
export type Between = "line" | "leaps";

/**
 * The least capacity at which any policy reaches `target`, and that policy; undefined where no size
 * that was looked at does. Where curves leap, it is one that was looked at; below the smallest
 * nothing is said.
 */
export function leastFor(
  target: number,
  points: readonly Point[],
  between: Between = "line",
): Choice | undefined {
  let least: Choice | undefined;
  for (const [policy, curve] of byPolicy(points)) {
    const capacity = crossing(target, curve, between);
    if (capacity === undefined || (least !== undefined && capacity >= least.capacity)) continue;
    least = { policy, capacity };
  }
  return least;
}

/** Between which sizes a policy comes to reach `target`, if it may do so before all others. */
export function gapsBefore(
  target: number,
  points: readonly Point[],
): { readonly policy: PolicyName; readonly from: number; readonly to: number }[] {
  const least = leastFor(target, points, "leaps");
  return [...byPolicy(points)].flatMap(([policy, curve]) => {
    const at = curve.findIndex(({ hitRatio }) => hitRatio >= target);
    const [before, after] = [curve[at - 1], curve[at]];
    if (before === undefined || after === undefined) return [];
    const mayBeFirst = least !== undefined && before.capacity < least.capacity;
    return mayBeFirst ? [{ policy, from: before.capacity, to: after.capacity }] : [];
  });
}

/** The best that any policy does with so much; sizes beyond those looked at count as the last. */
export function bestAt(capacity: number, points: readonly Point[], measure: Measure): number {
  const policies = new Set(points.map(({ policy }) => policy));
  return Math.max(
    0,
    ...[...policies].map((policy) => shareAt({ policy, capacity }, points, measure)),
  );
}

/** What a policy does with so much. */
export function shareAt(
  { policy, capacity }: Choice,
  points: readonly Point[],
  measure: Measure,
): number {
  return valueAt(capacity, byPolicy(points).get(policy) ?? [], measure);
}

export function largest(points: readonly Point[]): number {
  return Math.max(0, ...points.map(({ capacity }) => capacity));
}

/** Ascending sizes of each policy. */
function byPolicy(points: readonly Point[]): ReadonlyMap<PolicyName, readonly Point[]> {
  const curves = Map.groupBy(points, ({ policy }) => policy);
  for (const curve of curves.values()) curve.sort((a, b) => a.capacity - b.capacity);
  return curves;
}

function crossing(target: number, curve: readonly Point[], between: Between): number | undefined {
  const at = curve.findIndex(({ hitRatio }) => hitRatio >= target);
  const [before, after] = [curve[at - 1], curve[at]];
  if (after === undefined) return undefined;
  if (before === undefined || between === "leaps") return after.capacity;
  const share = (target - before.hitRatio) / (after.hitRatio - before.hitRatio);
  return Math.ceil(before.capacity * (after.capacity / before.capacity) ** share);
}

function valueAt(capacity: number, curve: readonly Point[], measure: Measure): number {
  const at = curve.findIndex((point) => point.capacity >= capacity);
  const [before, after] = [curve[at - 1], curve[at]];
  if (after === undefined) return curve.at(-1)?.[measure] ?? 0;
  if (before === undefined) return after[measure];
  const share = Math.log(capacity / before.capacity) / Math.log(after.capacity / before.capacity);
  return before[measure] + share * (after[measure] - before[measure]);
}
