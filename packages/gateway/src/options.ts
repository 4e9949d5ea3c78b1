import { type CoherenceOptions, defaultCoherenceOptions } from "@kvring/coherence";
import { limits } from "@kvring/core";

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
  /** After so long without a word from an owner, the next one is asked too, for reading only. */
  readonly hedgeMs: number;
  /** An owner whose link has brought nothing at all for so long is passed over. */
  readonly stallMs: number;
  /** A node that no gateway has heard for so long is taken out of the ring. */
  readonly evictAfterMs: number;
  /** The life of an answer where neither request nor model says. */
  readonly entryTtlMs: number;
  readonly inFlight: number;
  /** How long a request waits for a lease that lapsed, as after a pause. */
  readonly leaseWaitMs: number;
  readonly coherence: CoherenceSettings;
}

export const defaultGatewayOptions: GatewayOptions = Object.freeze({
  name: "gateway",
  serverName: "kvring",
  listen: "127.0.0.1:8001",
  replicas: 2,
  nearCacheBytes: limits.nearCacheBytes,
  requestTimeoutMs: 60_000,
  hedgeMs: 100,
  stallMs: 1_000,
  evictAfterMs: 2_000,
  entryTtlMs: limits.entryTtlMs,
  inFlight: limits.inFlightPerGateway,
  leaseWaitMs: 2_000,
  coherence: defaultCoherenceOptions,
});
