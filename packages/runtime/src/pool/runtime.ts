import {
  type Clock,
  KvringError,
  type Log,
  silentLog,
  systemClock,
  type Tensor,
} from "@kvring/core";
import type { Computation, ModelArtifact, Runtime } from "../api.ts";
import { Batcher } from "../batching/batcher.ts";
import { type BatchVerdict, checkRows } from "../batching/check.ts";
import { Catalog, label } from "./catalog.ts";
import { type StartChild, startChild } from "./child-process.ts";
import { checkJob } from "./job-check.ts";
import { Jobs } from "./jobs.ts";
import { Slot, type SlotStatus } from "./slot.ts";

const maxProcesses = 64;

export interface RuntimeOptions {
  /** Child processes, and so computations at a time: 1 by default, 64 at most. */
  readonly processes?: number;
  readonly log?: Log;
  readonly clock?: Clock;
  /** For models whose threads are "auto"; default: 1. */
  readonly chooseThreads?: ChooseThreads;
}

/** How many threads each of so many processes is to give a model's session. */
export type ChooseThreads = (artifact: ModelArtifact, processes: number) => Promise<number>;

/** A runtime that tells how its processes are. */
export interface ChildRuntime extends Runtime {
  readonly status: RuntimeStatus;
  /** Resolves when it is known whether a loaded model may be batched, and how far. */
  checked(digest: string): Promise<void>;
}

export interface RuntimeStatus {
  readonly processes: readonly SlotStatus[];
  /** Jobs for which no process is free. */
  readonly waiting: number;
}

/**
 * Starts the processes that run models and resolves when all of them answer. Every process holds
 * every model, so any may do any job.
 *
 * Throws BAD_CONFIG for a number of processes that is none, INTERNAL when they cannot be started.
 */
export async function createRuntime(options: RuntimeOptions = {}): Promise<ChildRuntime> {
  const { processes = 1, log = silentLog, clock = systemClock } = options;
  const { chooseThreads = async () => 1 } = options;
  if (!Number.isInteger(processes) || processes < 1 || processes > maxProcesses) {
    throw new KvringError(
      "BAD_CONFIG",
      `processes is ${processes}, it must be a whole number from 1 to ${maxProcesses}`,
    );
  }
  const runtime = new PooledRuntime(processes, log, clock, chooseThreads);
  try {
    await runtime.ready();
    return runtime;
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

interface Check {
  readonly config: string;
  readonly done: Promise<void>;
}

class PooledRuntime implements ChildRuntime {
  readonly slots: number;
  readonly #children: readonly Slot[];
  readonly #catalog: Catalog;
  readonly #jobs: Jobs;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #chooseThreads: ChooseThreads;
  /** Models whose threads are being measured, and whether they are still wanted. */
  readonly #choices = new Set<{ readonly digest: string; isWanted: boolean }>();
  /** What was, or is being, found out about each model's rows, for the config that it had. */
  readonly #checks = new Map<string, Check>();

  constructor(processes: number, log: Log, clock: Clock, chooseThreads: ChooseThreads) {
    this.slots = processes;
    this.#chooseThreads = chooseThreads;
    this.#log = log;
    this.#clock = clock;
    this.#jobs = new Jobs(clock, () => this.#wake());
    this.#catalog = new Catalog(log, () => this.#catalogChanged());
    const next = (held: ReadonlySet<string>) =>
      this.#catalog.next(held) ?? this.#jobs.next(held, this.#idle);
    const start: StartChild = (events) => startChild(log, events);
    this.#children = Array.from({ length: processes }, () => new Slot({ start, next, clock, log }));
  }

  get status(): RuntimeStatus {
    return { processes: this.#children.map(({ status }) => status), waiting: this.#jobs.size };
  }

  async ready(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.ready));
  }

  async load(artifact: ModelArtifact): Promise<void> {
    const isAuto = artifact.config.threads === "auto";
    const chosen = isAuto ? await this.#withThreads(artifact) : artifact;
    await this.#catalog.add(chosen);
    this.#learnRows(chosen);
  }

  async #withThreads(artifact: ModelArtifact): Promise<ModelArtifact> {
    const choice = { digest: artifact.digest, isWanted: true };
    this.#choices.add(choice);
    const threads = await this.#chooseThreads(artifact, this.slots);
    this.#choices.delete(choice);
    if (!choice.isWanted) {
      const sentence = `${label(artifact)} was unloaded before it was loaded`;
      throw new KvringError("MODEL_UNAVAILABLE", sentence);
    }
    return { ...artifact, config: { ...artifact.config, threads } };
  }

  async unload(digest: string): Promise<void> {
    this.#checks.delete(digest);
    for (const choice of this.#choices) {
      if (choice.digest === digest) choice.isWanted = false;
    }
    this.#catalog.remove(digest);
  }

  /** Resolves when it is known how the model may be batched. */
  async checked(digest: string): Promise<void> {
    await this.#checks.get(digest)?.done;
  }

  appetite(digest: string): number {
    return this.slots * (this.#jobs.batcherOf(digest)?.target ?? 1);
  }

  async run(
    digest: string,
    inputs: readonly Tensor[],
    outputs: readonly string[],
  ): Promise<Computation> {
    const model = this.#catalog.serving(digest);
    checkJob(model, inputs, outputs);
    return await this.#jobs.add(model, inputs, outputs);
  }

  async close(): Promise<void> {
    const error = new KvringError("DRAINING", "the runtime was closed");
    this.#jobs.close(error);
    this.#catalog.close(error);
    await Promise.all(this.#children.map((child) => child.close()));
  }

  get #idle(): number {
    return this.#children.filter(({ status }) => status.step === "idle").length;
  }

  /** Beside the jobs that come meanwhile, which run alone: nobody waits for this. */
  #learnRows(artifact: ModelArtifact): void {
    const { digest } = artifact;
    const { batching } = artifact.config;
    const config = JSON.stringify(batching) ?? "";
    if (this.#checks.get(digest)?.config === config) return;
    const check: Check = {
      config,
      done: this.#check(artifact, () => this.#checks.get(digest) === check),
    };
    this.#checks.set(digest, check);
  }

  async #check(artifact: ModelArtifact, isCurrent: () => boolean): Promise<void> {
    const { signature, hazards = [], digest } = artifact;
    const { batching } = artifact.config;
    if (batching === undefined || batching.maxSize === 1) {
      this.#jobs.batch(digest, undefined);
      return;
    }
    const verdict = await checkRows(signature, hazards, batching, (inputs, outputs) =>
      this.#jobs.add(artifact, inputs, outputs, true),
    );
    if (!isCurrent()) return;
    this.#tell(artifact, verdict);
    const isFit = verdict.kind === "rows";
    const nowMs = this.#clock.nowMs();
    this.#jobs.batch(digest, isFit ? new Batcher(batching, verdict.sizes, nowMs) : undefined);
  }

  #tell(artifact: ModelArtifact, verdict: BatchVerdict): void {
    if (verdict.kind === "refused") {
      this.#log.info({}, `${label(artifact)} is not batched: ${verdict.why}`);
      return;
    }
    const sizes = [...verdict.sizes.keys()].sort((a, b) => a - b);
    this.#log.info({ sizes }, `${label(artifact)} answers the same in batches`);
  }

  #catalogChanged(): void {
    this.#jobs.purge((digest) => {
      const fault = this.#fault(digest);
      // Loaded again, it is tried again.
      if (fault !== undefined) this.#checks.delete(digest);
      return fault;
    });
    this.#wake();
  }

  #fault(digest: string): KvringError | undefined {
    try {
      this.#catalog.serving(digest);
      return undefined;
    } catch (error) {
      return KvringError.from(error);
    }
  }

  #wake(): void {
    for (const child of this.#children) child.wake();
  }
}
