import type { Courier, LogReader } from "@kvring/bus";
import { encodeEntry, KvringError, type Log } from "@kvring/core";
import type { ModelArtifact, Runtime } from "@kvring/runtime";
import {
  type Begun,
  decodeMissJob,
  encodeAnswer,
  type MissJob,
  type NodeLink,
  resolveInputs,
  resolveOutputs,
  scanRequest,
} from "@kvring/wire";
import type { WorkerMetrics } from "../metrics.ts";
import type { DeferredJobs } from "./deferred-jobs.ts";
import { failureEntry } from "./failure-entry.ts";
import { GatewayHolder, type Holder, NodeHolder } from "./holder.ts";
import type { NodeLinks } from "./node-links.ts";
import type { ReplicaCopies } from "./replica-copies.ts";
import type { Room } from "./room.ts";

const keepEveryMs = 1_000;
/** NATS elects for up to 9 s, and only then a reader whose server died is given another consumer. */
const bornTimeoutMs = 15_000;

export interface JobParts {
  readonly runtime: Runtime;
  readonly links: NodeLinks;
  readonly copies: ReplicaCopies;
  readonly deferred: DeferredJobs;
  readonly courier: Courier;
  readonly reader: LogReader;
  readonly room: Room;
  readonly metrics: WorkerMetrics;
  readonly log: Log;
}

/** One delivery of a job: ask whether it is still wanted, compute, deliver. */
export class JobRunner {
  readonly #parts: JobParts;

  constructor(parts: JobParts) {
    this.#parts = parts;
  }

  /**
   * Rejects only where another delivery of the same job may go better: when nobody has heard of
   * its result. Whatever the waiters were told, good or bad, settles it.
   */
  async run(artifact: ModelArtifact, delivery: { readonly body: Uint8Array }): Promise<void> {
    const { links, courier, deferred, metrics } = this.#parts;
    const job = decodeMissJob(delivery.body);
    if (job.replyTo !== "") {
      return this.#compute(artifact, job, new GatewayHolder(courier, job));
    }
    const [owner] = job.owners;
    const onLost = (): void => metrics.dropped("holder-lost");
    if (owner === undefined) return onLost();
    const attemptAt = (link: NodeLink): Promise<void> =>
      this.#compute(artifact, job, new NodeHolder(link, job));
    try {
      await attemptAt(await links.reach(owner));
    } catch (error) {
      if (!deferred.defer(owner, attemptAt, onLost)) throw error;
    }
  }

  async #compute(artifact: ModelArtifact, job: MissJob, holder: Holder): Promise<void> {
    const bytes = job.request.length + job.stagedBytes;
    const entry = await this.#parts.room.use(bytes, () => this.#begin(artifact, job, holder));
    if (entry !== undefined) await this.#deliver(job, holder, entry);
  }

  /** Undefined: nobody waits for it any more, or whoever waits was told why there is none. */
  async #begin(
    artifact: ModelArtifact,
    job: MissJob,
    holder: Holder,
  ): Promise<Uint8Array | undefined> {
    const { metrics } = this.#parts;
    const begun = await holder.begin();
    if (!begun.alive || begun.remainingMs <= 0) {
      metrics.dropped("abandoned");
      return undefined;
    }
    const keeping = setInterval(() => {
      holder.keep().catch(() => {});
    }, keepEveryMs);
    try {
      return await this.#entry(artifact, job, begun);
    } catch (error) {
      const failure = KvringError.from(error);
      metrics.failed(failure.reason);
      this.#parts.log.warn({ model: job.model, reason: failure.reason }, failure.message);
      await this.#fail(job, holder, failure);
      return undefined;
    } finally {
      clearInterval(keeping);
    }
  }

  async #entry(
    artifact: ModelArtifact,
    job: MissJob,
    begun: Extract<Begun, { alive: true }>,
  ): Promise<Uint8Array> {
    const { runtime, reader, metrics } = this.#parts;
    const staged = begun.input;
    // What this worker knows must not be older than what the answer claims to be.
    await reader.reached(job.born.sequence, bornTimeoutMs);
    if (reader.position.epoch !== job.born.epoch) {
      throw new KvringError("INPUT_LOST", "the control log began anew while the job was waiting");
    }
    if (job.stagedBytes > 0 && staged?.length !== job.stagedBytes) {
      throw new KvringError("INPUT_LOST", "the job's input is not where it was staged; ask again");
    }
    const scanned = scanRequest(staged ?? job.request);
    const inputs = resolveInputs(scanned, artifact.signature);
    const names = resolveOutputs(scanned, artifact.signature);
    const { outputs, computeMs, batchRows } = await runtime.run(job.digest, inputs, names);
    metrics.computed(job.model, computeMs, batchRows);
    const { born, scopes, ttlMs, staleMs, digest, model, version, policy } = job;
    const body = encodeAnswer({ modelName: model, modelVersion: version, outputs });
    const header = { born, scopes, ttlMs, staleMs, digest, costMs: computeMs, ageMs: 0 };
    return encodeEntry({ ...header, ...(policy !== undefined && { policy }) }, body);
  }

  async #fail(job: MissJob, holder: Holder, failure: KvringError): Promise<void> {
    const entry = failureEntry(job, failure);
    if (entry === undefined) return await holder.fail(failure);
    this.#copy(job, entry, true);
    await holder.answer(entry, true);
  }

  /** Done when the holder has it, where somebody waits; the replicas get their copies beside. */
  async #deliver(job: MissJob, holder: Holder, entry: Uint8Array): Promise<void> {
    const store = job.ttlMs > 0;
    this.#copy(job, entry, store);
    try {
      await holder.answer(entry, store);
    } catch (error) {
      const { reason, message } = KvringError.from(error);
      // A lost owner's waiters ask the next one; nothing is owed to it any more.
      this.#parts.log.warn(
        { reason, model: job.model },
        `an owner did not get its answer: ${message}`,
      );
    }
  }

  #copy(job: MissJob, entry: Uint8Array, store: boolean): void {
    const replicas = job.replyTo === "" ? job.owners.slice(1) : job.owners;
    for (const owner of replicas) this.#parts.copies.send(owner, { key: job.key, entry, store });
  }
}
