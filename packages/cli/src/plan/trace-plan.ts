import { KvringError } from "@kvring/core";
import { policyNames } from "@kvring/store";
import { type ReplayResult, replay } from "../replay/replay.ts";
import { readTrace } from "../replay/trace-file.ts";
import type { FormatName } from "../replay/trace-format.ts";
import type { Point } from "./curves.ts";

export interface TracePlan {
  readonly unit: "entries" | "bytes";
  readonly points: readonly Point[];
  readonly requests: number;
  readonly keys: number;
  /** Of keys, those that were looked at. */
  readonly sampledShare: number;
  /** By the trace's own clock; undefined where it has none. */
  readonly requestsPerHour: number | undefined;
  /** What a miss costs, on the mean; undefined where the trace does not say. */
  readonly meanCostMs: number | undefined;
}

interface Sampling {
  readonly mostRequests: number;
  readonly leastKeys: number;
}

/** Beyond so many requests a sample of the keys is replayed; fewer keys than that are no sample. */
const sampling: Sampling = { mostRequests: 500_000, leastKeys: 8_192 };
/** Fewer requests say nothing. */
const leastRequests = 100;
/** Of what would hold all keys. */
const shares = [1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1] as const;

/**
 * What every policy would do with a trace at several sizes, up to the one that holds all of it: in
 * bytes where the trace has sizes. Long ones are sampled by key (SHARDS, FAST 2015, with its
 * adjustment). Throws BAD_CONFIG for a trace that is too short.
 */
export async function planTrace(
  file: string,
  format: FormatName,
  progress?: (readBytes: number, totalBytes: number) => void,
  { mostRequests, leastKeys } = sampling,
): Promise<TracePlan> {
  const survey = await surveyed(file, format);
  const { requests, keys, bytes, unit, requestsPerHour } = survey;
  if (requests < leastRequests) {
    throw new KvringError(
      "BAD_CONFIG",
      `${file} has ${requests} requests: at least ${leastRequests} are needed to plan from`,
    );
  }
  const sampledShare = Math.min(1, Math.max(mostRequests / requests, leastKeys / keys));
  const whole = unit === "bytes" ? bytes : keys;
  const sizes = [...new Set(shares.map((share) => Math.max(1, Math.ceil(whole * share))))];
  const results = await replay({
    ...{ file, format, policies: policyNames, unit, ttlMs: undefined, sampledShare },
    capacities: sizes.map((size) => Math.max(1, Math.round(size * sampledShare))),
    ...(progress && { progress }),
  });
  const points = results.map(
    (result, at): Point => ({
      policy: policyNames[Math.floor(at / sizes.length)] ?? "lru",
      capacity: sizes[at % sizes.length] ?? 0,
      ...sharesOf(result, requests * sampledShare),
    }),
  );
  const meanCostMs = survey.costMs === undefined ? undefined : survey.costMs / requests;
  return { unit, points, requests, keys, sampledShare, requestsPerHour, meanCostMs };
}

/** A sample has the few hottest keys or not; what it has too much or too little of are hits. */
function sharesOf(result: ReplayResult, expected: number) {
  const { requests, hits, hitCostMs, totalCostMs } = result;
  const share = (part: number): number => Math.min(1, Math.max(0, part));
  const hitRatio = share((hits + expected - requests) / Math.max(1, expected));
  if (totalCostMs === 0) return { hitRatio, savedShare: 0 };
  const missedCostMs = totalCostMs - hitCostMs;
  const expectedCostMs = (totalCostMs / Math.max(1, requests)) * expected;
  return { hitRatio, savedShare: share(1 - missedCostMs / expectedCostMs) };
}

async function surveyed(file: string, name: FormatName) {
  const { format, batches } = await readTrace(file, name);
  const sizeOf = new Map<number, number>();
  let requests = 0;
  let costMs = 0;
  let [firstMs, lastMs] = [Number.NaN, Number.NaN];
  for await (const { ids, sizes, costsMs, atMs, length } of batches) {
    requests += length;
    for (let at = 0; at < length; at++) {
      sizeOf.set(ids[at] as number, sizes[at] as number);
      costMs += costsMs[at] as number;
    }
    if (length === 0) continue;
    if (Number.isNaN(firstMs)) firstMs = atMs[0] as number;
    lastMs = atMs[length - 1] as number;
  }
  let bytes = 0;
  for (const size of sizeOf.values()) bytes += size;
  const hours = (lastMs - firstMs) / 3_600_000;
  return {
    ...{ requests, keys: sizeOf.size, bytes },
    costMs: format.hasCosts ? costMs : undefined,
    unit: format.hasSizes ? ("bytes" as const) : ("entries" as const),
    requestsPerHour: format.hasTimes && hours > 0 ? requests / hours : undefined,
  };
}
