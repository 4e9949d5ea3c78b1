import type { KvringError, Tensor } from "@kvring/core";
import type { Computation, ModelArtifact } from "../api.ts";
import type { Batcher } from "../batching/batcher.ts";
import type { RowGroup } from "../batching/rows.ts";

/** A computation that waits for a process. */
export interface Job {
  readonly model: ModelArtifact;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  readonly sizeBytes: number;
  /** Undefined: it runs alone. */
  readonly group: RowGroup | undefined;
  readonly done: PromiseWithResolvers<Computation>;
}

/** A batch is one message to a process: 64 MiB, with room for what comes back. */
const batchBytes = 16 * 1024 * 1024;
/** How far behind the first job of a group its company may stand. */
const searched = 1_024;

/** What a lane has to give: some jobs, or none before then. */
export type Turn =
  | { readonly kind: "jobs"; readonly jobs: readonly Job[] }
  | { readonly kind: "hold"; readonly untilMs: number };

/** The jobs that wait for one model, in the order in which they came. */
export class Lane {
  waiting: Job[] = [];
  /** Undefined while it is not known whether the model may be batched, and where it may not. */
  batcher: Batcher | undefined;
  /** Ends the wait of jobs that are held back. */
  cancelHold: () => void = () => {};

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** What to run now in one of the `idle` processes; the lane is not empty. */
  take(idle: number, nowMs: number): Turn {
    const company = this.#company();
    if (this.batcher === undefined || company.length < 1) return this.#remove(this.#first());
    const rows = company.map(({ group }) => group?.rows ?? 1);
    const choice = this.batcher.choose(rows, idle, nowMs);
    if (choice.kind === "hold") return choice;
    return this.#remove(company.slice(0, choice.jobs));
  }

  /** Back to the front, in their order, each to run alone. */
  putBack(jobs: readonly Job[]): void {
    this.waiting.unshift(...jobs.map((job) => ({ ...job, group: undefined })));
  }

  /** Takes out those of which `fault` tells a fault, and rejects them. */
  purge(fault: (job: Job) => KvringError | undefined): Job[] {
    const purged: Job[] = [];
    this.waiting = this.waiting.filter((job) => {
      const error = fault(job);
      if (error === undefined) return true;
      job.done.reject(error);
      purged.push(job);
      return false;
    });
    return purged;
  }

  #first(): Job[] {
    return this.waiting.slice(0, 1);
  }

  /** The first job and those of its group behind it, as many as one message takes. */
  #company(): Job[] {
    const name = this.waiting[0]?.group?.name;
    if (name === undefined) return [];
    const found: Job[] = [];
    let bytes = 0;
    for (const job of this.waiting.slice(0, searched)) {
      if (job.group?.name !== name) continue;
      bytes += job.sizeBytes;
      if (found.length > 0 && bytes > batchBytes) break;
      found.push(job);
    }
    return found;
  }

  #remove(jobs: readonly Job[]): Turn {
    const gone = new Set(jobs);
    this.waiting = this.waiting.filter((job) => !gone.has(job));
    return { kind: "jobs", jobs };
  }
}
