import { announceRecord, type Bus, type RecordAnnouncement, watchRecords } from "@kvring/bus";
import { type Clock, type Log, limits, newIncarnation } from "@kvring/core";
import { type Check, keepTrying, type Metrics } from "@kvring/ops";
import {
  AutoThreads,
  createRuntime,
  type RepositorySnapshot,
  type Runtime,
  watchRepository,
} from "@kvring/runtime";
import { connectNode } from "@kvring/wire";
import { DeferredJobs } from "./jobs/deferred-jobs.ts";
import { JobRunner } from "./jobs/job-runner.ts";
import { NodeLinks } from "./jobs/node-links.ts";
import { ReplicaCopies } from "./jobs/replica-copies.ts";
import { Room } from "./jobs/room.ts";
import { WorkerMetrics } from "./metrics.ts";
import { ModelHost } from "./models/model-host.ts";
import type { WorkerOptions } from "./options.ts";

/** A running worker. */
export interface WorkerProcess {
  readonly id: string;
  readonly metrics: WorkerMetrics;
  /** Model versions that it computes now. */
  readonly serving: number;
  /** Whether each model that the repository held at the start is served or refused by now. */
  readonly isSettled: boolean;
  checks(): readonly Check[];
  /** Takes no more jobs, ends those it has, and leaves. */
  drain(): Promise<void>;
}

/** How long jobs whose holder cannot be reached may keep a worker that leaves. */
const leaveMs = 2_000;

/** Over all models. Within what the runtime lets wait, in number and in bytes. */
const jobsAtOnce = 1_024;

/** Throws BAD_CONFIG when the model repository is not there. The bus is waited for. */
export async function startWorker(parts: {
  readonly options: WorkerOptions;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What computes; closed when the worker drains. Default: ONNX Runtime in child processes. */
  readonly runtime?: Runtime;
}): Promise<WorkerProcess> {
  const { options, bus, clock, log } = parts;
  const id = `${options.name}-${newIncarnation()}`;
  const { processes, retireMs } = options;
  const runtime =
    parts.runtime ??
    (await createRuntime({ processes, log, clock, chooseThreads: new AutoThreads(log).choose }));
  const links = new NodeLinks(({ nodeId, address }) =>
    connectNode({ nodeId, address, peerId: id, log, clock }),
  );
  const copies = new ReplicaCopies({ links, log });
  const deferred = new DeferredJobs({ links, log });
  const reader = bus.log.read({ onRecord() {}, onEpoch() {} });
  const metrics: WorkerMetrics = new WorkerMetrics(parts.metrics.registry, {
    models: () => host.serving,
  });
  const runner = new JobRunner({
    runtime,
    links,
    copies,
    deferred,
    reader,
    metrics,
    log,
    courier: bus.courier,
    room: new Room({ places: jobsAtOnce, bytes: limits.queueBytes / 2 }),
  });
  const others = new OtherWorkers(id);
  let announcement: RecordAnnouncement<"worker"> | undefined;
  const host: ModelHost = new ModelHost({
    ...{ bus, runtime, runner, clock, log, retireMs },
    isHeldElsewhere: (digest) => others.hold(digest),
    onChange: ({ digests, rejected }) => {
      announcement?.update({ id, digests, rejected }).catch(() => {});
    },
  });
  const release = async (): Promise<void> => {
    await host.stop();
    await deferred.idle(leaveMs);
    await copies.idle();
    await Promise.all([reader.stop(), links.close(), runtime.close()]);
  };
  try {
    announcement = await announceRecord(bus.presence, "worker", { id, digests: [], rejected: [] });
    const watch = await watchRecords(bus.presence, "worker", (records) => {
      others.replace(records);
      host.reconsider().catch(() => {});
    });
    const serving = new Serving(host, log);
    const repository = await watchRepository(options.models, {
      log,
      clock,
      onChange: (snapshot) => serving.apply(snapshot),
    });
    log.info({ id, models: options.models }, "the worker is up");
    return {
      id,
      metrics,
      get serving() {
        return host.serving;
      },
      get isSettled() {
        return serving.isSettled;
      },
      checks: () => [
        {
          name: "model",
          failing: () => (host.serving > 0 ? undefined : "no model is served yet"),
        },
      ],
      async drain() {
        serving.stop();
        await repository.stop();
        await watch.stop();
        await announcement?.stop();
        await release();
        log.info({ id }, "the worker has drained");
      },
    };
  } catch (error) {
    await announcement?.stop();
    await release();
    throw error;
  }
}

/** Applies snapshots to the host, again and again while the bus cannot be reached. */
class Serving {
  readonly #host: ModelHost;
  readonly #log: Log;
  #stopTrying: () => void = () => {};
  #isSettled = false;

  constructor(host: ModelHost, log: Log) {
    this.#host = host;
    this.#log = log;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  apply(snapshot: RepositorySnapshot): void {
    this.#stopTrying();
    const step = async (): Promise<void> => {
      await this.#host.apply(snapshot);
      this.#isSettled = true;
    };
    this.#stopTrying = keepTrying("serve the models", step, this.#log);
  }

  stop(): void {
    this.#stopTrying();
  }
}

class OtherWorkers {
  readonly #own: string;
  #digests: ReadonlySet<string> = new Set();

  constructor(own: string) {
    this.#own = own;
  }

  replace(records: ReadonlyMap<string, { readonly digests: readonly string[] }>): void {
    const others = [...records].filter(([id]) => id !== this.#own);
    this.#digests = new Set(others.flatMap(([, { digests }]) => digests));
  }

  hold(digest: string): boolean {
    return this.#digests.has(digest);
  }
}
