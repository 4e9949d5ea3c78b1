import type { PolicyName } from "@kvring/store";
import { replayCaches } from "../replay/replay.ts";
import type { FormatName } from "../replay/trace-format.ts";
import { gapsBefore, leastFor, type Point } from "./curves.ts";
import type { Survey } from "./survey.ts";
import { addedTo, targets } from "./targets.ts";

export interface TracePlanOptions {
  readonly file: string;
  readonly format: FormatName;
  readonly survey: Survey;
  readonly policies: readonly PolicyName[];
  /** What there is now, in the unit of the survey. */
  readonly capacity?: number | undefined;
  /** Told after every batch: how much of all readings of the file is done. */
  readonly progress?: (readBytes: number, totalBytes: number) => void;
  readonly sampling?: Sampling;
}

export interface TracePlan {
  readonly points: readonly Point[];
  /** Of keys, those that were looked at: 1 where every point is exact. */
  readonly sampledShare: number;
}

interface Sampling {
  readonly mostRequests: number;
  readonly leastKeys: number;
}

interface Place {
  readonly policy: PolicyName;
  readonly capacity: number;
}

/** Beyond so many requests a sample of the keys is replayed; fewer keys than that are no sample. */
const usualSampling: Sampling = { mostRequests: 200_000, leastKeys: 8_192 };
/** Of what would hold all keys. */
const shares = [1 / 512, 1 / 256, 1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1] as const;
/** How often the sizes around a target come closer, and how many there are between two each time. */
const [closerRounds, sizesBetween] = [2, 3];
const readings = 1 + closerRounds + 1;

/**
 * What policies do with a trace at several sizes, up to the one that holds all of it: first at
 * doublings, then between those where a target is reached, until they are 5 % apart, and with more
 * than the sizes that reach one. Where a loop begins to fit, a curve leaps: what lies between two
 * sizes is not to be guessed.
 *
 * Long traces are sampled by key, and what was missed is held against what a sample of that share
 * is asked on average (SHARDS, FAST 2015, with its adjustment).
 */
export async function planTrace(options: TracePlanOptions): Promise<TracePlan> {
  const { survey, policies, capacity, sampling = usualSampling } = options;
  const sampledShare = shareOf(survey, sampling);
  const added = (size: number): number => size + addedTo(size, survey.unit);
  const sizes = shares.map((share) => Math.max(1, Math.ceil(survey.whole * share)));
  const present = capacity === undefined ? [] : [capacity, added(capacity)];
  let points: readonly Point[] = [];
  let reading = 0;
  const look = async (places: readonly Place[]): Promise<void> => {
    const fresh = await simulate(unseen(places, points), sampledShare, reading, options);
    points = [...points, ...fresh];
    reading += 1;
  };
  await look(
    [...sizes, ...present].flatMap((size) =>
      policies.map((policy) => ({ policy, capacity: size })),
    ),
  );
  for (let round = 0; round < closerRounds; round++) {
    await look(targets.flatMap((target) => gapsBefore(target, points).flatMap(within)));
  }
  const found = targets.flatMap((target) => leastFor(target, points, "leaps") ?? []);
  await look(found.map((place) => ({ ...place, capacity: added(place.capacity) })));
  return { points, sampledShare };
}

function shareOf({ requests, keys }: Survey, { mostRequests, leastKeys }: Sampling): number {
  return Math.min(1, Math.max(mostRequests / requests, leastKeys / keys));
}

/** Sizes between two, at equal factors. */
function within(gap: { policy: PolicyName; from: number; to: number }): Place[] {
  const { policy, from, to } = gap;
  return Array.from({ length: sizesBetween }, (_, step) => {
    const capacity = Math.round(from * (to / from) ** ((step + 1) / (sizesBetween + 1)));
    return { policy, capacity };
  });
}

function unseen(places: readonly Place[], points: readonly Place[]): Place[] {
  const nameOf = ({ policy, capacity }: Place): string => `${policy} ${capacity}`;
  const seen = new Set(points.map(nameOf));
  const wanted = new Map(places.map((place) => [nameOf(place), place]));
  return [...wanted].filter(([name]) => !seen.has(name)).map(([, place]) => place);
}

async function simulate(
  places: readonly Place[],
  sampledShare: number,
  reading: number,
  { file, format, survey, progress }: TracePlanOptions,
): Promise<Point[]> {
  if (places.length === 0) return [];
  const caches = places.map(({ policy, capacity }) => {
    return { policy, capacity: Math.max(1, Math.round(capacity * sampledShare)) };
  });
  const results = await replayCaches(caches, {
    ...{ file, format, unit: survey.unit, sampledShare },
    progress: (read, total) => progress?.(reading * total + read, readings * total),
  });
  return places.map(({ policy, capacity }, at) => {
    const { requests = 0, hits = 0, missedCostMs = 0 } = results[at] ?? {};
    return {
      ...{ policy, capacity },
      hitRatio: hitShare(requests - hits, sampledShare * survey.requests),
      savedShare: hitShare(missedCostMs, sampledShare * survey.costMs),
    };
  });
}

/** A sample has the few hottest keys or not; what it has too much or too little of are hits. */
function hitShare(missed: number, expected: number): number {
  return expected > 0 ? Math.max(0, 1 - missed / expected) : 0;
}
