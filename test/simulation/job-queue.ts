import type { Position, ScopeId } from "@kvring/core";
import type { Entry } from "./entry.ts";
import type { LogServer } from "./log-server.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Worker } from "./worker.ts";

export interface Job {
  readonly messageId: string;
  readonly key: string;
  readonly model: number;
  /** What must compute it. */
  readonly artifact: number;
  readonly born: Position;
  readonly scopes: readonly ScopeId[];
  /** Delivers the answer wherever it belongs. */
  deliver(entry: Entry, from: string): void;
}

const redeliverMs = 250;
const deliveries = 3;

/** The miss queue: each job to one worker, and to another if that one is not done in time. */
export class JobQueue {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #network: Network;
  /** Both are NATS, and away together. */
  readonly #log: LogServer;
  readonly #workers: readonly { readonly current: Worker }[];
  readonly #seen = new Set<string>();

  constructor(parts: {
    readonly scheduler: Scheduler;
    readonly random: Random;
    readonly network: Network;
    readonly log: LogServer;
    readonly workers: readonly { readonly current: Worker }[];
  }) {
    this.#scheduler = parts.scheduler;
    this.#random = parts.random;
    this.#network = parts.network;
    this.#log = parts.log;
    this.#workers = parts.workers;
  }

  /** A repeated message id is the same job. */
  publish(job: Job): void {
    if (this.#seen.has(job.messageId)) return;
    this.#seen.add(job.messageId);
    this.#give(job, deliveries);
  }

  #give(job: Job, left: number): void {
    if (left === 0) return;
    if (!this.#log.isUp) {
      this.#scheduler.after(redeliverMs, () => this.#give(job, left));
      return;
    }
    let isDone = false;
    const again = (): void => {
      if (isDone) return;
      isDone = true;
      this.#give(job, left - 1);
    };
    const worker = this.#choose(job);
    this.#network.send(this.#log.id, worker.process, () =>
      worker.take(job, {
        onDone: () => {
          isDone = true;
        },
        onRefused: again,
      }),
    );
    this.#scheduler.after(redeliverMs, again);
  }

  /** Usually one that says that it holds the artifact, as there is a subject for each. */
  #choose({ model, artifact }: Job): Worker {
    const workers = this.#workers.map(({ current }) => current);
    const fitting = workers.filter((worker) => worker.holds(model) === artifact);
    const isUsual = fitting.length > 0 && this.#random.chance(0.9);
    return this.#random.pick(isUsual ? fitting : workers);
  }
}
