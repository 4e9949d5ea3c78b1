import type { Server } from "@grpc/grpc-js";
import { type Clock, checkNodeId, type Log } from "@kvring/core";
import { createStore, type PolicyChoice } from "@kvring/store";
import { ExchangeServer, hastenExchange } from "@kvring/wire";
import type { Entries } from "./entries.ts";
import { NodeHandler } from "./node-handler.ts";
import { addCacheNodeService } from "./service.ts";
import type { NodeState, NodeStats } from "./stats.ts";

export interface CacheNodeOptions {
  /** Opaque and stable: the ring places keys by it. */
  readonly id: string;
  /** Where owners of one key are kept apart. */
  readonly zone: string;
  /** What entries may take: values, keys and metadata. */
  readonly capacityBytes: number;
  readonly policy: PolicyChoice;
  /** Whether counts of `lfu` age. */
  readonly lfuAges?: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Inputs that may be staged, beside the capacity. Default: a quarter of it. */
  readonly stagedBytes?: number;
  /** The ring the node knows; 0: none yet. */
  readonly ringVersion?: () => number;
  /** How often peers are told that we live. Default 500 ms. */
  readonly beatMs?: number;
  /** What the Drain call does; whether nothing was cut off. Default: `drain`, in no ring. */
  readonly leave?: () => Promise<boolean>;
}

/** One node of the ring, to be put into a gRPC server. */
export interface CacheNode {
  readonly id: string;
  readonly zone: string;
  readonly state: NodeState;
  addTo(server: Server): void;
  /** Serves links past grpc-js, once the server is bound; tells whether it could. */
  hasten(server: Server): boolean;
  readonly entries: Entries;
  stats(): NodeStats;
  /** Whether every gateway linked to us routes by that ring, or a later one. */
  isFollowed(ringVersion: number): boolean;
  /** Gateways linked to us. */
  readonly routers: number;
  /**
   * Begins nothing new. Resolves with true when nothing is under way any more, or with false after
   * `timeoutMs`.
   */
  drain(timeoutMs: number): Promise<boolean>;
  /** Ends all sessions, saying so. */
  close(): void;
}

/** How long the Drain call waits for what is under way, where there is no ring to leave. */
const drainTimeoutMs = 30_000;

/** Throws BAD_CONFIG for an id, a capacity or a policy that cannot be meant. */
export function createCacheNode(options: CacheNodeOptions): CacheNode {
  const { id, zone, capacityBytes, policy, lfuAges = false, clock, log } = options;
  checkNodeId(id);
  const ringVersion = options.ringVersion ?? (() => 0);
  const store = createStore({ policy, lfuAges, capacityBytes, clock });
  const stagedBytes = options.stagedBytes ?? Math.floor(capacityBytes / 4);
  const handler = new NodeHandler({ store, clock, stagedBytes });
  const exchange = new ExchangeServer({
    ...{ nodeId: id, handler, log, clock, ringVersion },
    ...(options.beatMs !== undefined && { beatMs: options.beatMs }),
  });
  const startMs = clock.nowMs();
  const leave = options.leave ?? (() => node.drain(drainTimeoutMs));

  const node: CacheNode = {
    id,
    zone,
    get state() {
      return handler.isDraining ? "draining" : "serving";
    },
    entries: handler.entries,
    isFollowed: (version) => handler.isFollowed(version),
    get routers() {
      return handler.routers;
    },
    addTo(server) {
      addCacheNodeService(server, {
        stats: () => node.stats(),
        leave,
        exchange: (stream) => exchange.accept(stream),
      });
    },
    hasten: (server) => hastenExchange(server, (stream) => exchange.accept(stream)),
    stats: () => ({
      nodeId: id,
      zone,
      state: node.state,
      ringVersion: ringVersion(),
      sessions: exchange.sessions,
      uptimeMs: clock.nowMs() - startMs,
      ...handler.stats(),
    }),
    async drain(timeoutMs) {
      if (!handler.isDraining) log.info({ node: id }, "draining");
      return handler.drain(timeoutMs);
    },
    close: () => exchange.close(),
  };
  return node;
}
