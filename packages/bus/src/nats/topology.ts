import { KvringError, type Log } from "@kvring/core";
import { DiscardPolicy, nanos, RetentionPolicy, StorageType, type StreamConfig } from "nats";
import { type BusLimits, dedupeWindowMs } from "../options.ts";
import { readNatsError } from "./errors.ts";
import type { NatsNames } from "./names.ts";
import type { Session } from "./session.ts";

export type StreamPart = "log" | "state" | "jobs";

/** The registry holds a catalog and a ring, both small. */
const stateBytes = 64 * 1024 * 1024;

/** Creates kvring's streams where they are missing, each when it is first needed. */
export class Topology {
  readonly #configs: Readonly<Record<StreamPart, Partial<StreamConfig> & { name: string }>>;
  readonly #probes: Readonly<Record<StreamPart, string>>;
  readonly #log: Log;
  readonly #ensured = new WeakMap<Session, Map<StreamPart, Promise<void>>>();

  constructor(options: {
    readonly names: NatsNames;
    readonly limits: BusLimits;
    readonly replicas: number;
    readonly log: Log;
  }) {
    this.#configs = streamConfigs(options.names, options.limits, options.replicas);
    this.#probes = {
      log: options.names.logSubject("probe"),
      state: options.names.stateSubject("probe"),
      jobs: options.names.jobsSubject("probe"),
    };
    this.#log = options.log;
  }

  ensure(session: Session, part: StreamPart): Promise<void> {
    let parts = this.#ensured.get(session);
    if (parts === undefined) {
      parts = new Map();
      this.#ensured.set(session, parts);
    }
    let ensured = parts.get(part);
    if (ensured === undefined) {
      ensured = this.#prepare(session, part);
      parts.set(part, ensured);
      // What failed is tried again by the next who needs it.
      ensured.catch(() => this.forget(session, part));
    }
    return ensured;
  }

  /** For who has reason to doubt that the stream is still the one that was there. */
  ensureAnew(session: Session, part: StreamPart): Promise<void> {
    this.forget(session, part);
    return this.ensure(session, part);
  }

  /** Somebody did not find the stream that was there before. */
  forget(session: Session, part: StreamPart): void {
    this.#ensured.get(session)?.delete(part);
  }

  async #prepare(session: Session, part: StreamPart): Promise<void> {
    await this.#create(session, part);
    await this.#probe(session, part);
  }

  /**
   * A stream that another process is creating at this moment exists already for who asks about it,
   * and nats-server 2.9.10 crashes when it is asked for a message then. Publishing works when all
   * is done, so this publishes what cannot be accepted, and waits for the refusal.
   */
  async #probe(session: Session, part: StreamPart): Promise<void> {
    const expect = { lastSequence: Number.MAX_SAFE_INTEGER };
    try {
      await session.js.publish(this.#probes[part], new Uint8Array(), { expect });
    } catch (error) {
      const { kind } = readNatsError(error);
      if (kind !== "conflict" && kind !== "full") throw error;
    }
  }

  async #create(session: Session, part: StreamPart): Promise<void> {
    const wanted = this.#configs[part];
    const { streams } = session.jsm;
    try {
      const { config } = await streams.info(wanted.name);
      this.#compare(wanted, config);
      return;
    } catch (error) {
      if (readNatsError(error).kind !== "absent") throw error;
    }
    try {
      await streams.add(wanted);
      this.#log.info({ stream: wanted.name }, "created a stream in NATS");
    } catch (error) {
      // Another process created it at the same time, with other limits.
      if (readNatsError(error).kind === "exists") return;
      throw refused(wanted.name, error);
    }
  }

  /** Processes with different settings would change it to and fro, so what is there stays. */
  #compare(wanted: Partial<StreamConfig>, found: StreamConfig): void {
    for (const key of ["max_msgs", "max_bytes", "max_age", "num_replicas", "storage"] as const) {
      if (wanted[key] === undefined || wanted[key] === found[key]) continue;
      this.#log.warn(
        { stream: found.name, setting: key, wanted: wanted[key], found: found[key] },
        "a stream in NATS has other settings than this process would give it; they stay",
      );
    }
  }
}

function streamConfigs(names: NatsNames, limits: BusLimits, replicas: number) {
  const common = { discard: DiscardPolicy.New, num_replicas: replicas };
  return {
    log: {
      ...common,
      name: names.logStream,
      description: "kvring: the control log",
      subjects: [names.logSubjects],
      storage: StorageType.File,
      max_bytes: limits.logBytes,
      deny_delete: true,
      duplicate_window: nanos(dedupeWindowMs),
    },
    state: {
      ...common,
      name: names.stateStream,
      description: "kvring: the ring and the model catalog",
      subjects: [names.stateSubjects],
      storage: StorageType.File,
      max_msgs_per_subject: 1,
      max_bytes: stateBytes,
      allow_rollup_hdrs: true,
      deny_delete: true,
      duplicate_window: nanos(dedupeWindowMs),
    },
    jobs: {
      ...common,
      name: names.jobsStream,
      description: "kvring: the miss queue",
      subjects: [names.jobsSubjects],
      retention: RetentionPolicy.Workqueue,
      // A server that lost what it had in memory may not catch up with the other two for long, and
      // then they have no quorum when one of them goes (docs/adr-0004-miss-queue.md).
      storage: StorageType.File,
      max_msgs: limits.queueJobs,
      max_bytes: limits.queueBytes,
      max_age: nanos(limits.jobAgeMs),
      duplicate_window: nanos(Math.min(dedupeWindowMs, limits.jobAgeMs)),
    },
  };
}

/** What may pass is tried again; the rest is a matter of configuration, and says so. */
function refused(stream: string, error: unknown): unknown {
  const failure = readNatsError(error);
  if (failure.kind === "passing" || failure.kind === "absent") return error;
  const why = error instanceof Error ? error.message : String(error);
  return new KvringError("BAD_CONFIG", `NATS does not create the stream ${stream}: ${why}`, {
    cause: error,
  });
}
