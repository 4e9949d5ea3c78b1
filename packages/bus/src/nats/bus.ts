import { type Clock, KvringError, type Log, silentLog, systemClock } from "@kvring/core";
import { type BusLimits, defaultBusLimits } from "../options.ts";
import type { Bus, BusStatus, Stoppable } from "../ports.ts";
import { Attempts } from "./attempts.ts";
import { NatsCourier } from "./courier.ts";
import { NatsLink } from "./link.ts";
import { NatsLog } from "./log.ts";
import { natsNames } from "./names.ts";
import { NatsPresence } from "./presence.ts";
import { NatsQueue } from "./queue.ts";
import { NatsRegistry } from "./registry.ts";
import { warnOfOldServers } from "./server-age.ts";
import { parseServers } from "./servers.ts";
import { Topology } from "./topology.ts";

export interface NatsBusOptions extends Partial<BusLimits> {
  /** `nats://host:port`, several parted by commas or as a list. */
  readonly servers: string | readonly string[];
  /** Who we are, for NATS' own lists of connections. */
  readonly name: string;
  readonly log?: Log;
  readonly clock?: Clock;
  /** Keeps clusters apart that share a NATS: lower-case letters and digits. Default "kvring". */
  readonly namespace?: string;
  /** Copies of each stream; 3 where NATS is a cluster. Default 1. */
  readonly replicas?: number;
  /** How long operations that name no time of their own may take. Default 5,000. */
  readonly timeoutMs?: number;
  /** How long a worker may be silent before its jobs are given to another. Default 2,000. */
  readonly ackWaitMs?: number;
}

const namespacePattern = /^[a-z][a-z0-9]{0,31}$/;

/**
 * A bus over NATS with JetStream, 2.9 or newer.
 *
 * Resolves after the first attempt to connect (at most about two seconds), also when it failed:
 * then the bus is `disconnected`, goes on trying for ever, and says so in the log and by
 * `onStatus`. Throws BAD_CONFIG for servers or a namespace that cannot be.
 */
export async function connectNatsBus(options: NatsBusOptions): Promise<Bus> {
  const servers = parseServers(options.servers);
  const { namespace = "kvring", log = silentLog, clock = systemClock } = options;
  if (!namespacePattern.test(namespace)) {
    throw new KvringError(
      "BAD_CONFIG",
      `"${namespace}" cannot be a namespace: at most 32 lower-case letters and digits, first a letter`,
    );
  }
  const link = new NatsLink({ servers, name: options.name, clock, log });
  const bus = new NatsBus(link, options, { namespace, log, clock });
  await link.open();
  return bus;
}

class NatsBus implements Bus {
  readonly log: NatsLog;
  readonly registry: NatsRegistry;
  readonly queue: NatsQueue;
  readonly courier: NatsCourier;
  readonly presence: NatsPresence;
  readonly #link: NatsLink;

  constructor(
    link: NatsLink,
    options: NatsBusOptions,
    given: { readonly namespace: string; readonly log: Log; readonly clock: Clock },
  ) {
    const { log, clock } = given;
    const limits: BusLimits = {
      queueJobs: options.queueJobs ?? defaultBusLimits.queueJobs,
      queueBytes: options.queueBytes ?? defaultBusLimits.queueBytes,
      jobAgeMs: options.jobAgeMs ?? defaultBusLimits.jobAgeMs,
      logBytes: options.logBytes ?? defaultBusLimits.logBytes,
    };
    const { timeoutMs = 5_000, ackWaitMs = 2_000, replicas = 1 } = options;
    const names = natsNames(given.namespace);
    const topology = new Topology({ names, limits, replicas, log });
    const attempts = new Attempts(link, topology, clock);
    const common = { link, topology, attempts, names, clock, log, timeoutMs };
    this.#link = link;
    warnOfOldServers({ link, replicas, log });
    this.log = new NatsLog({ ...common, logBytes: limits.logBytes });
    this.registry = new NatsRegistry(common);
    this.queue = new NatsQueue({ ...common, limits, ackWaitMs });
    this.courier = new NatsCourier(link, names, clock, log);
    this.presence = new NatsPresence(link, names, clock);
  }

  get status(): BusStatus {
    return this.#link.status;
  }

  onStatus(listener: (status: BusStatus) => void): Stoppable {
    return this.#link.onStatus(listener);
  }

  async close(): Promise<void> {
    this.queue.close();
    await Promise.all([
      this.log.close(),
      this.registry.close(),
      this.courier.close(),
      this.presence.close(),
    ]);
    await this.#link.close();
  }
}
