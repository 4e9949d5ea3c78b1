import { limits } from "@kvring/core";

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
  /** An owner that said nothing for so long is passed over. */
  readonly reactionMs: number;
  /** The life of an answer where neither request nor model says. */
  readonly entryTtlMs: number;
  readonly inFlight: number;
}

export const defaultGatewayOptions: GatewayOptions = Object.freeze({
  name: "gateway",
  serverName: "kvring",
  listen: "127.0.0.1:8001",
  replicas: 2,
  nearCacheBytes: limits.nearCacheBytes,
  requestTimeoutMs: 60_000,
  reactionMs: 250,
  entryTtlMs: limits.entryTtlMs,
  inFlight: limits.inFlightPerGateway,
});
