import { type Clock, KvringError, limits, type Tensor } from "@kvring/core";
import type { Computation, ModelArtifact } from "../api.ts";
import type { Batcher } from "../batching/batcher.ts";
import { groupOf } from "../batching/rows.ts";
import { batchTask } from "./batch-task.ts";
import { type Job, Lane } from "./lane.ts";
import type { Task } from "./slot.ts";

const maxWaiting = 4096;

/**
 * Jobs for which no process was free yet. Models take turns, so that a flood of one does not keep
 * another waiting for longer than one batch of each; the jobs of one model are taken in the order
 * in which they came, together where that was seen to be the same.
 */
export class Jobs {
  /** By digest; the one whose turn it is comes first. */
  readonly #lanes = new Map<string, Lane>();
  readonly #clock: Clock;
  /** There may be work for an idle process. */
  readonly #wake: () => void;
  #waiting = 0;
  #waitingBytes = 0;
  /** Why nothing runs any more. */
  #closed: KvringError | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  get size(): number {
    return this.#waiting;
  }

  /** Throws TOO_MANY_IN_FLIGHT, or that it was closed. `alone`: not in a batch, whatever comes. */
  async add(
    model: ModelArtifact,
    inputs: readonly Tensor[],
    outputs: readonly string[],
    alone = false,
  ): Promise<Computation> {
    if (this.#closed !== undefined) throw this.#closed;
    const sizeBytes = inputs.reduce((sum, { data }) => sum + data.byteLength, 0);
    const full = this.#waitingBytes + sizeBytes > limits.queueBytes;
    if (this.#waiting >= maxWaiting || (full && this.#waiting > 0)) {
      throw new KvringError(
        "TOO_MANY_IN_FLIGHT",
        `${this.#waiting} computations of ${this.#waitingBytes} bytes wait for a process already: give the worker more processes, or send it less`,
      );
    }
    const lane = this.#lane(model.digest);
    const group = alone || lane.batcher === undefined ? undefined : groupOf(inputs, outputs);
    const done = Promise.withResolvers<Computation>();
    const job: Job = { model, inputs, outputs, sizeBytes, group, done };
    lane.waiting.push(job);
    this.#count([job]);
    this.#wake();
    return await done.promise;
  }

  /** From now on jobs of the model may run together, as it says; undefined: each runs alone. */
  batch(digest: string, batcher: Batcher | undefined): void {
    this.#lane(digest).batcher = batcher;
    this.#tidy(digest);
  }

  batcherOf(digest: string): Batcher | undefined {
    return this.#lanes.get(digest)?.batcher;
  }

  /** The next job or jobs for a process that holds these models; `idle` wait for work, it included. */
  next(held: ReadonlySet<string>, idle: number): Task | undefined {
    for (const [digest, lane] of this.#lanes) {
      if (lane.isEmpty || !held.has(digest)) continue;
      const turn = lane.take(idle, this.#clock.nowMs());
      lane.cancelHold();
      if (turn.kind === "hold") {
        const inMs = Math.max(0, turn.untilMs - this.#clock.nowMs());
        lane.cancelHold = this.#clock.after(inMs, this.#wake);
        continue;
      }
      this.#lanes.delete(digest);
      this.#lanes.set(digest, lane);
      this.#tidy(digest);
      this.#uncount(turn.jobs);
      return this.#task(turn.jobs, lane.batcher);
    }
    return undefined;
  }

  /** Rejects those waiting jobs for whose model `fault` has one. */
  purge(fault: (digest: string) => KvringError | undefined): void {
    for (const [digest, lane] of this.#lanes) {
      const error = fault(digest);
      if (error === undefined) continue;
      lane.cancelHold();
      this.#uncount(lane.purge(() => error));
      lane.batcher = undefined;
      this.#tidy(digest);
    }
  }

  /** Rejects all that wait, and what is still running when its child is gone. */
  close(error: KvringError): void {
    this.#closed = error;
    this.purge(() => error);
  }

  #lane(digest: string): Lane {
    const known = this.#lanes.get(digest);
    if (known !== undefined) return known;
    const lane = new Lane();
    this.#lanes.set(digest, lane);
    return lane;
  }

  /** A lane with nothing in it and nothing learned takes no room: models come and go. */
  #tidy(digest: string): void {
    const lane = this.#lanes.get(digest);
    if (lane?.isEmpty && lane.batcher === undefined) this.#lanes.delete(digest);
  }

  #task(jobs: readonly Job[], batcher: Batcher | undefined): Task {
    return batchTask(jobs, {
      batcher,
      clock: this.#clock,
      closed: () => this.#closed,
      retry: (failed) => this.#retry(failed),
    });
  }

  /** One at a time now: who failed in company may be well alone. */
  #retry(jobs: readonly Job[]): void {
    const [first] = jobs;
    if (first === undefined) return;
    if (this.#closed !== undefined) {
      for (const { done } of jobs) done.reject(this.#closed);
      return;
    }
    this.#lane(first.model.digest).putBack(jobs);
    this.#count(jobs);
    this.#wake();
  }

  #count(jobs: readonly Pick<Job, "sizeBytes">[]): void {
    this.#waiting += jobs.length;
    for (const { sizeBytes } of jobs) this.#waitingBytes += sizeBytes;
  }

  #uncount(jobs: readonly Pick<Job, "sizeBytes">[]): void {
    this.#waiting -= jobs.length;
    for (const { sizeBytes } of jobs) this.#waitingBytes -= sizeBytes;
  }
}
