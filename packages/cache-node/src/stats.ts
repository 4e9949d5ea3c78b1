import type { PolicyChoice, PolicyName, Store } from "@kvring/store";

/** What a node says about itself; `NodeStatsResponse` on the wire. */
export interface NodeStats {
  readonly nodeId: string;
  readonly zone: string;
  readonly state: NodeState;
  readonly ringVersion: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly entries: number;
  readonly policy: PolicyChoice;
  /** Lookups answered from memory. */
  readonly hits: number;
  readonly misses: number;
  /** Fill tokens given. */
  readonly grants: number;
  /** Lookups that joined a computation under way. */
  readonly waits: number;
  readonly puts: number;
  readonly evictions: number;
  readonly expirations: number;
  /** Operations refused, for whatever reason. */
  readonly refusals: number;
  readonly sessions: number;
  readonly openTokens: number;
  readonly stagedBytes: number;
  readonly uptimeMs: number;
  /** Undefined for a node whose policy is fixed. */
  readonly adaptation: NodeAdaptation | undefined;
}

/** Which policy governs, and what each would do at several sizes; `Adaptation` on the wire. */
export interface NodeAdaptation {
  readonly policy: PolicyName;
  readonly switches: number;
  readonly points: readonly {
    readonly policy: PolicyName;
    readonly capacityBytes: number;
    /** Of requests, 0 to 1. */
    readonly hitRatio: number;
    /** Of the milliseconds that they would all take without a cache, 0 to 1. */
    readonly savedShare: number;
  }[];
  /** The share of keys that is looked at. */
  readonly sampledShare: number;
  /** What the points rest on; older requests count less. */
  readonly requests: number;
  readonly meanCostMs: number;
}

export function nodeAdaptation({ adaptation }: Store): NodeAdaptation | undefined {
  if (adaptation === undefined) return undefined;
  const { policy, switches, curves } = adaptation;
  const { rate, requests, meanCostMs } = curves;
  const points = curves.points.map(({ capacity, ...point }) => ({
    ...point,
    capacityBytes: capacity,
  }));
  return { policy, switches, points, sampledShare: rate, requests, meanCostMs };
}

/** Draining: what is here and under way is served to the end, nothing new is begun. */
export type NodeState = "serving" | "draining";
