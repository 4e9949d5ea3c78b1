import type { PolicyChoice } from "@kvring/store";

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
}

/** Draining: what is here and under way is served to the end, nothing new is begun. */
export type NodeState = "serving" | "draining";
