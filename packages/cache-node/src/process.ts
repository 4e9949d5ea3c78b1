import { Server, ServerCredentials } from "@grpc/grpc-js";
import {
  announceRecord,
  type Bus,
  joinRing,
  leaveRing,
  type RingMember,
  type Stoppable,
  watchRecords,
  watchRing,
} from "@kvring/bus";
import {
  type Clock,
  checkNodeId,
  KvringError,
  type Log,
  limits,
  newIncarnation,
  parseListen,
} from "@kvring/core";
import { type Check, keepTrying, type Metrics } from "@kvring/ops";
import type { PolicyName } from "@kvring/store";
import { bindServer, serverOptions } from "@kvring/wire";
import { advertisedAddress } from "./advertised-address.ts";
import { createCacheNode } from "./cache-node.ts";
import { registerNodeMetrics } from "./metrics.ts";
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
  readonly policy: PolicyName;
  /** How long computations under way may take to end when the node leaves. */
  readonly drainMs: number;
}

export const defaultNodeOptions: NodeOptions = Object.freeze({
  id: "node-1",
  zone: "default",
  listen: "127.0.0.1:8101",
  advertise: undefined,
  capacityBytes: limits.nodeBytes,
  policy: "lru",
  drainMs: 8_000,
});

/** A node that listens and, as soon as the bus can be reached, is in the ring. */
export interface CacheNodeProcess {
  readonly id: string;
  /** host:port as others reach it. */
  readonly address: string;
  stats(): NodeStats;
  checks(): readonly Check[];
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
    clock,
    log,
    ringVersion: () => ringVersion,
  });
  node.addTo(server);
  registerNodeMetrics(parts.metrics.registry, id, () => node.stats());
  const port = await bindServer(server, options.listen, ServerCredentials.createInsecure());
  const { host } = parseListen(options.listen);
  const address = options.advertise ?? advertisedAddress({ host, port });
  const membership = new Membership({
    bus,
    log,
    clock,
    member: { id, address, zone: options.zone, incarnation: newIncarnation(), state: "active" },
    onRing: (version) => {
      ringVersion = version;
    },
  });
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
    async drain() {
      await membership.leave();
      await node.drain(options.drainMs);
      await membership.stop();
      node.close();
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      log.info({ id }, "the node has drained");
    },
  };
}

/** A node's place in the ring, and the announcement that it lives. */
class Membership {
  readonly #parts: {
    readonly bus: Bus;
    readonly log: Log;
    readonly clock: Clock;
    readonly member: RingMember;
    readonly onRing: (version: number) => void;
  };
  readonly #attached: Stoppable[] = [];
  /** The incarnations that announce themselves under our id, ours excepted. */
  #others: ReadonlySet<string> = new Set();
  #stopTrying: () => void = () => {};
  #isJoined = false;

  constructor(parts: {
    readonly bus: Bus;
    readonly log: Log;
    readonly clock: Clock;
    readonly member: RingMember;
    readonly onRing: (version: number) => void;
  }) {
    this.#parts = parts;
  }

  get isJoined(): boolean {
    return this.#isJoined;
  }

  start(): void {
    this.#stopTrying = keepTrying("join the ring", () => this.#join(), this.#parts.log);
  }

  async leave(): Promise<void> {
    const { bus, member, log } = this.#parts;
    this.#stopTrying();
    if (!this.#isJoined) return;
    this.#isJoined = false;
    await leaveRing(bus.registry, member.id, member.incarnation).catch((error) => {
      // Gateways notice a node that is gone by its broken streams, too.
      log.warn({ reason: KvringError.from(error).reason }, "the node could not leave the ring");
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#attached.map((attached) => attached.stop()));
  }

  async #join(): Promise<void> {
    const { bus, member, onRing } = this.#parts;
    if (this.#attached.length === 0) await this.#attach(onRing);
    const joining = await joinRing(bus.registry, member);
    if (joining.outcome === "joined") {
      this.#isJoined = true;
      return;
    }
    const { incarnation } = joining.current;
    if (this.#others.has(incarnation)) {
      throw new KvringError(
        "DUPLICATE_NODE",
        `another live node is called "${member.id}", at ${joining.current.address}: give this one another --id`,
      );
    }
    // Nobody announces itself as that incarnation: it died without leaving.
    const replaced = await joinRing(bus.registry, member, { replaces: incarnation });
    if (replaced.outcome !== "joined") {
      throw new KvringError("BUS_CONFLICT", "the ring changed while the node joined");
    }
    this.#isJoined = true;
  }

  /**
   * Listens before it announces itself: presence is by id, and what is heard under ours before we
   * speak is somebody else.
   */
  async #attach(onRing: (version: number) => void): Promise<void> {
    const { bus, member } = this.#parts;
    const heard = await this.#hear();
    this.#others = heard;
    const { id, incarnation, address, zone, state } = member;
    this.#attached.push(
      await watchRing(bus.registry, (ring) => onRing(ring.version)),
      await announceRecord(bus.presence, "node", { id, incarnation, address, zone, state }),
    );
  }

  async #hear(): Promise<ReadonlySet<string>> {
    const { bus, clock, member } = this.#parts;
    let incarnations: ReadonlySet<string> = new Set();
    const watch = await watchRecords(bus.presence, "node", (nodes) => {
      const other = nodes.get(member.id);
      incarnations = new Set(other === undefined ? [] : [other.incarnation]);
    });
    await new Promise<void>((resolve) => clock.after(listenMs, resolve));
    await watch.stop();
    return incarnations;
  }
}

/** Those who are asked answer at once; this is what a busy machine may take. */
const listenMs = 300;
