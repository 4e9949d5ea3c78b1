import type { LeaseTerms } from "@kvring/coherence";
import type { NetworkPlan } from "./network.ts";
import { Random } from "./random.ts";

/** Mean time between faults of a kind; Infinity: none. */
export interface FaultPlan {
  readonly pauseMs: number;
  readonly crashMs: number;
  readonly partitionMs: number;
  /** A reader of the log gets nothing, while everything else works. */
  readonly stallMs: number;
  readonly outageMs: number;
  /** Outages from which the log comes back damaged. */
  readonly lossChance: number;
  /** Of these, those from which it comes back as another log. */
  readonly recreationChance: number;
  /** A gateway's place is taken by another while it still runs. */
  readonly replacementMs: number;
  readonly leaveMs: number;
  readonly evictionMs: number;
  readonly ringViewMs: number;
}

export interface Plan {
  readonly seed: number;
  /** Nothing fails, and something is invalidated all the time. */
  readonly isConstant: boolean;
  readonly gateways: number;
  readonly nodes: number;
  readonly workers: number;
  readonly replicas: number;
  readonly keys: number;
  readonly models: number;
  readonly tags: number;
  readonly terms: LeaseTerms;
  /** Whether gateways propose terms of their own. */
  readonly hasOwnTerms: boolean;
  readonly renewEveryMs: number;
  readonly retryMs: number;
  readonly evictAfterMs: number;
  readonly checkpointEvery: number;
  readonly tableScopes: number;
  readonly dedupeMs: number;
  readonly network: NetworkPlan;
  readonly faults: FaultPlan;
  readonly requestEveryMs: number;
  readonly requestDeadlineMs: number;
  readonly invalidateEveryMs: number;
  readonly artifactEveryMs: number;
  readonly computeMs: number;
  /** With faults, and then without. */
  readonly stormMs: number;
}

const waitMs = 1_000;

/**
 * What a run is about. Most leases end as they should where everything fails at once, so that a
 * third of the runs are about gateways that lose and find the log, and some about a cluster in
 * which nothing fails while everything is invalidated all the time.
 */
const focuses = ["anything", "anything", "anything", "leases", "leases", "progress"] as const;

/** How a seed's run goes. */
export function planOf(seed: number): Plan {
  const random = new Random(seed);
  const plan = anyPlan(seed, random);
  switch (random.pick(focuses)) {
    case "anything":
      return plan;
    case "leases":
      return aboutLeases(plan, random);
    case "progress":
      return random.chance(0.5) ? aboutProgress(plan) : plan;
  }
}

function anyPlan(seed: number, random: Random): Plan {
  const renewEveryMs = waitMs / random.pick([3, 6]);
  return {
    seed,
    isConstant: false,
    gateways: random.whole(1, 4),
    nodes: random.whole(1, 4),
    workers: random.whole(1, 3),
    replicas: random.whole(1, 2),
    keys: random.whole(1, 4),
    models: random.whole(1, 2),
    tags: random.whole(1, 3),
    terms: { waitMs, drift: random.pick([0.001, 0.1]) },
    hasOwnTerms: random.chance(0.3),
    renewEveryMs,
    retryMs: random.pick([30, 250]),
    evictAfterMs: Math.max(waitMs * random.pick([0.4, 1, 2]), 2.5 * renewEveryMs),
    checkpointEvery: random.pick([20, 60, 100_000]),
    tableScopes: random.pick([3, 6, 1_000]),
    dedupeMs: random.pick([0, 300, 120_000]),
    network: {
      latencyMs: random.pick([0.3, 2, 10]),
      loss: random.pick([0, 0.01, 0.08]),
      logLoss: random.pick([0, 0.01, 0.08]),
      duplication: random.pick([0, 0.05]),
      straggling: random.pick([0, 0.02, 0.1]),
    },
    faults: faultPlan(random),
    requestEveryMs: random.pick([10, 25, 60]),
    requestDeadlineMs: random.pick([300, 1_000]),
    invalidateEveryMs: random.pick([60, 250]),
    artifactEveryMs: random.pick([1_500, Number.POSITIVE_INFINITY]),
    computeMs: random.pick([3, 20, 80]),
    stormMs: waitMs * random.pick([4, 7]),
  };
}

/** Little but the way to the log fails, so that answers are there to be given too long. */
function aboutLeases(plan: Plan, random: Random): Plan {
  return {
    ...plan,
    gateways: random.whole(2, 4),
    keys: random.whole(1, 2),
    tags: 1,
    terms: { waitMs, drift: 0.1 },
    hasOwnTerms: false,
    network: {
      latencyMs: random.pick([1, 10]),
      loss: 0,
      logLoss: random.pick([0, 0, 0.25]),
      duplication: 0,
      straggling: random.pick([0, 0.2]),
    },
    faults: {
      ...noFaults,
      partitionMs: random.pick([150, 400, 1_000]),
      stallMs: random.pick([600, Number.POSITIVE_INFINITY]),
      leaveMs: random.pick([1_000, Number.POSITIVE_INFINITY]),
      pauseMs: random.pick([400, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]),
      replacementMs: random.pick([400, Number.POSITIVE_INFINITY]),
      outageMs: random.pick([800, Number.POSITIVE_INFINITY]),
      lossChance: random.pick([0, 0.7]),
      recreationChance: 1,
    },
    requestEveryMs: 10,
    requestDeadlineMs: 300,
    invalidateEveryMs: random.pick([60, 250]),
    artifactEveryMs: Number.POSITIVE_INFINITY,
    computeMs: 3,
  };
}

function aboutProgress(plan: Plan): Plan {
  return {
    ...plan,
    isConstant: true,
    network: { latencyMs: 1, loss: 0, logLoss: 0, duplication: 0, straggling: 0 },
    faults: noFaults,
    requestDeadlineMs: 1_000,
    invalidateEveryMs: 4,
    artifactEveryMs: Number.POSITIVE_INFINITY,
    computeMs: 10,
  };
}

const noFaults: FaultPlan = {
  pauseMs: Number.POSITIVE_INFINITY,
  crashMs: Number.POSITIVE_INFINITY,
  partitionMs: Number.POSITIVE_INFINITY,
  stallMs: Number.POSITIVE_INFINITY,
  outageMs: Number.POSITIVE_INFINITY,
  lossChance: 0,
  recreationChance: 0,
  replacementMs: Number.POSITIVE_INFINITY,
  leaveMs: Number.POSITIVE_INFINITY,
  evictionMs: Number.POSITIVE_INFINITY,
  ringViewMs: Number.POSITIVE_INFINITY,
};

/** Each kind in two of five runs: few faults are not hidden behind many, and some runs have all. */
function faultPlan(random: Random): FaultPlan {
  const sometimes = (meanMs: number): number =>
    random.chance(0.4) ? meanMs * random.between(0.5, 2) : Number.POSITIVE_INFINITY;
  return {
    pauseMs: sometimes(700),
    crashMs: sometimes(1_200),
    partitionMs: sometimes(700),
    stallMs: sometimes(1_000),
    outageMs: sometimes(2_000),
    lossChance: random.pick([0, 0.5]),
    recreationChance: random.pick([0, 0.5, 1]),
    replacementMs: sometimes(1_500),
    leaveMs: sometimes(2_000),
    evictionMs: sometimes(200),
    ringViewMs: sometimes(600),
  };
}
