import { type CoherenceOptions, defaultCoherenceOptions } from "@kvring/coherence";
import { limits } from "@kvring/core";
import type { HedgeOptions } from "./hedging/hedging.ts";

/** See `CoherenceOptions`; ids are made by the gateway itself. */
export type CoherenceSettings = Omit<CoherenceOptions, "id">;

/** Settings of a gateway; all durations in milliseconds. */
export interface GatewayOptions {
  /** Names the process in logs, metrics and `kvring stats`; its id is this and its incarnation. */
  readonly name: string;
  /** What ServerMetadata says; some clients insist on "triton". */
  readonly serverName: string;
  /** host:port; port 0 is any free one. */
  readonly listen: string;
  /** How many nodes hold a key. */
  readonly replicas: number;
  readonly nearCacheBytes: number;
  /** For calls without a deadline of their own. */
  readonly requestTimeoutMs: number;
  /** When a read that waits for an owner is asked of the next one too, and how often. */
  readonly hedge: HedgeOptions;
  /** An owner whose link has brought nothing at all for so long is passed over. */
  readonly stallMs: number;
  /** A node that no gateway has heard for so long is taken out of the ring. */
  readonly evictAfterMs: number;
  /** The life of an answer where neither request nor model says. */
  readonly entryTtlMs: number;
  /** How long an answer is kept past its life at least, for who says `max-stale`. */
  readonly keepExpiredMs: number;
  readonly inFlight: number;
  /** How long a request waits for a lease that lapsed, as after a pause. */
  readonly leaseWaitMs: number;
  /** Infer past most of grpc-js; off for comparison: the answers are the same, bit for bit. */
  readonly fastPaths: boolean;
  readonly coherence: CoherenceSettings;
}

export const defaultGatewayOptions: GatewayOptions = Object.freeze({
  name: "gateway",
  serverName: "kvring",
  listen: "127.0.0.1:8001",
  replicas: 2,
  nearCacheBytes: limits.nearCacheBytes,
  requestTimeoutMs: 60_000,
  hedge: Object.freeze({ leastMs: 5, mostMs: 100, share: 0.1 }),
  stallMs: 1_000,
  evictAfterMs: 2_000,
  entryTtlMs: limits.entryTtlMs,
  keepExpiredMs: 60_000,
  inFlight: limits.inFlightPerGateway,
  leaseWaitMs: 2_000,
  fastPaths: true,
  coherence: defaultCoherenceOptions,
});
