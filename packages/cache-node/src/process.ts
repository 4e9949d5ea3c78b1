import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { Bus } from "@kvring/bus";
import {
  type Clock,
  checkNodeId,
  type KvringError,
  type Log,
  limits,
  newIncarnation,
  parseListen,
} from "@kvring/core";
import type { Check, Metrics } from "@kvring/ops";
import type { PolicyChoice } from "@kvring/store";
import { bindServer, serverOptions } from "@kvring/wire";
import { advertisedAddress } from "./advertised-address.ts";
import { createCacheNode } from "./cache-node.ts";
import { leaveGracefully } from "./departure.ts";
import { handoverMetrics } from "./handover/handover-metrics.ts";
import { Handovers } from "./handover/handovers.ts";
import { Membership } from "./membership/membership.ts";
import { registerNodeMetrics } from "./metrics.ts";
import { loadSnapshot, type SnapshotParts } from "./snapshot/snapshot.ts";
import type { NodeStats } from "./stats.ts";

/** Settings of a node's process; all durations in milliseconds. */
export interface NodeOptions {
  /** Its place on the ring: kept over restarts, never given twice. */
  readonly id: string;
  readonly zone: string;
  /** host:port; port 0 is any free one. */
  readonly listen: string;
  /** host:port as others reach it; undefined: as it listens, see `advertisedAddress`. */
  readonly advertise: string | undefined;
  readonly capacityBytes: number;
  readonly policy: PolicyChoice;
  /** Whether counts of `lfu` age. */
  readonly lfuAges: boolean;
  /** How many nodes hold a key, as gateways have it. */
  readonly replicas: number;
  /** How long all may take that is done before the node leaves. */
  readonly drainMs: number;
  /** How often peers are told that the node lives. */
  readonly beatMs: number;
  /** How long giving entries away may take when the node leaves; 0: none are given. */
  readonly handoverMs: number;
  /** How long a node that joins is given what became its own before it computes the rest. */
  readonly warmMs: number;
  /** Entries that are given at a change of the ring, the hottest first. */
  readonly handoverEntries: number;
  /** Bytes a second that are given. */
  readonly handoverBytesPerSecond: number;
  /** Where entries are kept from one run to the next; undefined: nowhere. */
  readonly snapshotDirectory: string | undefined;
}

export const defaultNodeOptions: NodeOptions = Object.freeze({
  id: "node-1",
  zone: "default",
  listen: "127.0.0.1:8101",
  advertise: undefined,
  capacityBytes: limits.nodeBytes,
  policy: "lru",
  lfuAges: false,
  replicas: 2,
  drainMs: 8_000,
  beatMs: 500,
  handoverMs: 5_000,
  warmMs: 60_000,
  handoverEntries: 1_000_000,
  handoverBytesPerSecond: 64 * 1024 * 1024,
  snapshotDirectory: undefined,
});

/** A node that listens and, as soon as the bus can be reached, is in the ring. */
export interface CacheNodeProcess {
  readonly id: string;
  /** host:port as others reach it. */
  readonly address: string;
  stats(): NodeStats;
  checks(): readonly Check[];
  /** DUPLICATE_NODE: another live node has this id, and this one will not serve. */
  readonly refusal: KvringError | undefined;
  /** Leaves the ring, lets what is under way end, and closes. */
  drain(): Promise<void>;
}

/** Throws PORT_IN_USE or BAD_CONFIG. A bus that cannot be reached is waited for. */
export async function startNode(parts: {
  readonly options: NodeOptions;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}): Promise<CacheNodeProcess> {
  const { options, bus, clock, log } = parts;
  const id = checkNodeId(options.id);
  const server = new Server(serverOptions);
  let ringVersion = 0;
  const node = createCacheNode({
    id,
    zone: options.zone,
    capacityBytes: options.capacityBytes,
    policy: options.policy,
    lfuAges: options.lfuAges,
    beatMs: options.beatMs,
    clock,
    log,
    ringVersion: () => ringVersion,
    leave: () => leave(),
  });
  const snapshot = snapshotOf(options, { entries: node.entries, clock, log });
  if (snapshot !== undefined) await loadSnapshot(snapshot);
  node.addTo(server);
  registerNodeMetrics(parts.metrics.registry, id, () => node.stats());
  const port = await bindServer(server, options.listen, ServerCredentials.createInsecure());
  if (!node.hasten(server)) {
    log.warn(
      { port },
      "this grpc-js is not known: links go all of their way through it, and slower",
    );
  }
  const { host } = parseListen(options.listen);
  const address = options.advertise ?? advertisedAddress({ host, port });
  const handovers = new Handovers({
    ...{ self: id, entries: node.entries, clock, log, replicas: options.replicas },
    mostEntries: options.handoverEntries,
    bytesPerSecond: options.handoverBytesPerSecond,
    metrics: handoverMetrics(parts.metrics.registry, id),
    onSettled: (version) => membership.settled(version),
  });
  const membership: Membership = new Membership({
    ...{ bus, log, clock, warmMs: options.warmMs },
    member: { id, address, zone: options.zone, incarnation: newIncarnation() },
    onRing: (ring) => {
      ringVersion = ring.version;
      handovers.follow(ring);
    },
  });
  let leaving: Promise<boolean> | undefined;
  // By the Drain call or a signal, whichever comes first: it leaves once.
  const leave = (): Promise<boolean> => {
    leaving ??= leaveGracefully({ node, membership, handovers, snapshot, clock, log, options });
    return leaving;
  };
  membership.start();
  log.info({ id, address }, "the node listens");
  return {
    id,
    address,
    stats: () => node.stats(),
    checks: () => [
      {
        name: "ring",
        failing: () => (membership.isJoined ? undefined : "the node is not in the ring"),
      },
    ],
    get refusal() {
      return membership.refusal;
    },
    async drain() {
      await leave();
      node.close();
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      log.info({ id }, "the node has drained");
    },
  };
}

function snapshotOf(
  { snapshotDirectory, id }: NodeOptions,
  parts: Pick<SnapshotParts, "entries" | "clock" | "log">,
): SnapshotParts | undefined {
  if (snapshotDirectory === undefined) return undefined;
  return { ...parts, directory: snapshotDirectory, id, wallMs: () => Date.now() };
}
