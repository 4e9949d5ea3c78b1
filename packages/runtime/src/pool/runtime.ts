import {
  type Clock,
  KvringError,
  type Log,
  silentLog,
  systemClock,
  type Tensor,
} from "@kvring/core";
import type { Computation, ModelArtifact, Runtime } from "../api.ts";
import { Catalog } from "./catalog.ts";
import { type StartChild, startChild } from "./child-process.ts";
import { checkJob, Jobs } from "./jobs.ts";
import { Slot, type SlotStatus } from "./slot.ts";

const maxProcesses = 64;

export interface RuntimeOptions {
  /** Child processes, and so computations at a time: 1 by default, 64 at most. */
  readonly processes?: number;
  readonly log?: Log;
  readonly clock?: Clock;
}

/** A runtime that tells how its processes are. */
export interface ChildRuntime extends Runtime {
  readonly status: RuntimeStatus;
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
  if (!Number.isInteger(processes) || processes < 1 || processes > maxProcesses) {
    throw new KvringError(
      "BAD_CONFIG",
      `processes is ${processes}, it must be a whole number from 1 to ${maxProcesses}`,
    );
  }
  const runtime = new PooledRuntime(processes, log, clock);
  try {
    await runtime.ready();
    return runtime;
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

class PooledRuntime implements ChildRuntime {
  readonly slots: number;
  readonly #children: readonly Slot[];
  readonly #catalog: Catalog;
  readonly #jobs = new Jobs();

  constructor(processes: number, log: Log, clock: Clock) {
    this.slots = processes;
    this.#catalog = new Catalog(log, () => this.#catalogChanged());
    const next = (held: ReadonlySet<string>) => this.#catalog.next(held) ?? this.#jobs.next(held);
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
    await this.#catalog.add(artifact);
  }

  async unload(digest: string): Promise<void> {
    this.#catalog.remove(digest);
  }

  async run(
    digest: string,
    inputs: readonly Tensor[],
    outputs: readonly string[],
  ): Promise<Computation> {
    const model = this.#catalog.serving(digest);
    checkJob(model, inputs, outputs);
    return await this.#jobs.add(model, inputs, outputs, () => this.#wake());
  }

  async close(): Promise<void> {
    const error = new KvringError("DRAINING", "the runtime was closed");
    this.#jobs.close(error);
    this.#catalog.close(error);
    await Promise.all(this.#children.map((child) => child.close()));
  }

  #catalogChanged(): void {
    this.#jobs.purge((digest) => this.#fault(digest));
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
