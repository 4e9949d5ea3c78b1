import { seededRandom } from "@kvring/models";
import type { PolicyChoice } from "@kvring/store";
import { fifoHitRatio, lruHitRatio, mostPopularHitRatio } from "./formulas.ts";
import { type LawName, laws } from "./laws.ts";
import { hitsOf, shareOf } from "./twin.ts";

export type ModelName = "mnist" | "heavy";

/** One node's life: a policy, a size and a law, asked about digits through the whole cluster. */
export interface PlannedRun {
  readonly model: ModelName;
  readonly law: LawName;
  readonly policy: PolicyChoice;
  readonly capacityEntries: number;
  /** Items that are asked for, one after another. */
  readonly stream: readonly number[];
  /** Requests under way while nothing is timed. */
  readonly lanes: number;
  /** Of the stream: first it fills the node. */
  readonly warmUp: number;
  /** Then hits are counted; */
  readonly counted: number;
  /** then hits are counted and times taken, one at a time. */
  readonly timed: number;
  readonly prediction: Prediction;
  /** What the policy hits of what is counted and timed, by itself and one request at a time. */
  readonly twinHitRatio: number;
}

/** What formulas say: of which policy and law, and whether they say it or only bound it. */
type Prediction =
  | { readonly kind: "formula"; readonly by: string; readonly hitRatio: number }
  | { readonly kind: "bound"; readonly by: string; readonly hitRatio: number }
  | { readonly kind: "none"; readonly why: string };

export interface Choice {
  readonly model: ModelName;
  readonly law: LawName;
  readonly policy: PolicyChoice;
  /** Share of the distinct digits that fit. */
  readonly share: number;
}

const policies = ["lru", "lfu", "fifo", "adaptive"] as const;
const shares = [0.05, 0.1, 0.25, 0.5] as const;
const someShares = [0.1, 0.25] as const;

/** All sizes where formulas predict, two where none does and for the heavy model. */
export const wholePlan: readonly Choice[] = [
  ...combine("mnist", ["uniform", "zipf-0.8", "zipf-1.0", "zipf-1.2"], shares),
  ...combine("mnist", ["shifting", "scan"], someShares),
  ...combine("heavy", ["zipf-1.0"], someShares),
];

export const quickPlan: readonly Choice[] = [
  ...combine("mnist", ["zipf-1.0"], [0.1]),
  ...combine("heavy", ["zipf-1.0"], [0.25]).filter(({ policy }) => policy === "lru"),
];

function combine(
  model: ModelName,
  names: readonly LawName[],
  sizes: readonly number[],
): readonly Choice[] {
  return names.flatMap((law) =>
    sizes.flatMap((share) => policies.map((policy) => ({ model, law, share, policy }))),
  );
}

/**
 * What is under way is room beside the cache for what is popular, and who waits there is counted
 * neither as a hit nor as a miss: with 24 at once and 50 entries FIFO seemed to hit 2 points less.
 */
const entriesPerLane = 10;

/** A pilot of the policy by itself tells how long a run must be. */
const pilotRequests = 16_000;
const mostWarmUp = 12_000;

/** How long runs are. */
export interface Effort {
  /** Standard error of a measured hit ratio that is compared with a formula. */
  readonly hitError: number;
  /** Requests that are counted at least where a formula predicts, */
  readonly leastCounted: number;
  /** and where none does: a look will do, since the policy by itself is beside. */
  readonly unpredicted: number;
  /** Standard error of a measured mean time, relative. */
  readonly timeError: number;
  readonly leastTimed: number;
  /** Requests under way while nothing is timed, at most; see `entriesPerLane`. */
  readonly lanes: number;
}

/** The bounds, 1.5 points and 10 %, are three standard errors. */
export const wholeEffort: Effort = {
  ...{ hitError: 0.005, leastCounted: 3_000, unpredicted: 1_500 },
  ...{ timeError: 0.033, leastTimed: 300, lanes: 24 },
};

/** About by how much a miss takes longer than a hit; only decides for how long time is taken. */
const missPerHit: Readonly<Record<ModelName, number>> = { mnist: 7, heavy: 30 };

export function planRun(
  choice: Choice,
  {
    items,
    seed,
    effort,
  }: { readonly items: number; readonly seed: number; readonly effort: Effort },
): PlannedRun {
  const { model, law, policy, share } = choice;
  const capacityEntries = Math.max(1, Math.round(items * share));
  const next = laws[law].stream(items, seededRandom(seed));
  const stream = Array.from({ length: pilotRequests }, next);
  const pilot = hitsOf(policy, capacityEntries, stream);
  // A FIFO that is just full is not yet as it will be.
  const warmUp = warmUpOf(pilot, policy === "fifo" ? 2 * capacityEntries : capacityEntries * 1.25);
  const expected = shareOf(pilot.slice(warmUp));
  const prediction = predict(choice, items, capacityEntries);
  const counted = countedOf(model, expected, prediction.kind === "formula", effort);
  const timed = timedOf(model, expected, effort);
  while (stream.length < warmUp + counted + timed) stream.push(next());
  stream.length = warmUp + counted + timed;
  return {
    ...{ model, law, policy, capacityEntries, stream, warmUp, counted, timed, prediction },
    lanes: Math.min(effort.lanes, Math.max(1, Math.floor(capacityEntries / entriesPerLane))),
    twinHitRatio: shareOf(hitsOf(policy, capacityEntries, stream).slice(warmUp)),
  };
}

function predict({ law, policy }: Choice, items: number, capacity: number): Prediction {
  const popularity = laws[law].popularity?.(items);
  if (popularity === undefined) {
    return { kind: "none", why: "requests are not independent of one another" };
  }
  if (policy === "lru") {
    return { kind: "formula", by: "Che", hitRatio: lruHitRatio(popularity, capacity) };
  }
  if (policy === "fifo") {
    return { kind: "formula", by: "Fricker", hitRatio: fifoHitRatio(popularity, capacity) };
  }
  const hitRatio = mostPopularHitRatio(popularity, capacity);
  return { kind: "bound", by: "the most popular, A0", hitRatio };
}

/** Until so many were computed. */
function warmUpOf(pilot: readonly boolean[], misses: number): number {
  let left = Math.ceil(misses);
  const end = pilot.findIndex((isHit) => {
    if (!isHit) left -= 1;
    return left === 0;
  });
  return Math.min(mostWarmUp, end === -1 ? mostWarmUp : end + 1);
}

/** The heavy model shows times: the policies do with it what they do with the small one. */
function countedOf(
  model: ModelName,
  hitRatio: number,
  isPredicted: boolean,
  effort: Effort,
): number {
  if (model === "heavy") return 0;
  if (!isPredicted) return effort.unpredicted;
  const needed = (hitRatio * (1 - hitRatio)) / effort.hitError ** 2;
  return Math.round(Math.max(effort.leastCounted, needed));
}

function timedOf(model: ModelName, hitRatio: number, effort: Effort): number {
  const ratio = missPerHit[model];
  const mean = hitRatio + (1 - hitRatio) * ratio;
  const deviation = (Math.sqrt(hitRatio * (1 - hitRatio)) * (ratio - 1)) / mean;
  return Math.round(Math.max(effort.leastTimed, (deviation / effort.timeError) ** 2));
}
