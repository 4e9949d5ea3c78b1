import { type PolicyChoice, TraceCache } from "@kvring/store";

/** The policy alone, without a cluster: whether each request of a stream would be a hit. */
export function hitsOf(
  policy: PolicyChoice,
  capacityEntries: number,
  stream: readonly number[],
): boolean[] {
  const cache = new TraceCache({ policy, capacity: capacityEntries, unit: "entries" });
  return stream.map((id, atMs) => cache.request({ id, size: 1, costMs: 1, atMs }));
}

/** The share of true ones; 0 of none. */
export function shareOf(flags: readonly boolean[]): number {
  return flags.length === 0 ? 0 : flags.filter(Boolean).length / flags.length;
}
