import { Reading, type Rules, verdict } from "@kvring/coherence";
import type { Entry } from "./entry.ts";
import type { Job } from "./job-queue.ts";
import type { LogClient } from "./log-client.ts";
import type { Stored } from "./log-server.ts";
import type { Process } from "./process.ts";
import type { Random } from "./random.ts";
import type { Value } from "./truth.ts";

export interface JobEnd {
  onDone(): void;
  onRefused(): void;
}

const bornTimeoutMs = 200;

/** Computes. What it computes from is as old as its own place in the log. */
export class Worker {
  readonly process: Process;
  readonly #rules: Rules;
  readonly #random: Random;
  readonly #computeMs: number;
  readonly #reading: Reading;
  /** By model, the artifact that it has loaded. */
  readonly #artifacts: number[];
  #moment = 0;
  #log: LogClient | undefined;
  #waiting: { readonly job: Job; readonly end: JobEnd; readonly untilMs: number }[] = [];

  constructor(parts: {
    readonly process: Process;
    readonly rules: Rules;
    readonly random: Random;
    readonly computeMs: number;
    readonly artifacts: readonly number[];
  }) {
    this.process = parts.process;
    this.#rules = parts.rules;
    this.#random = parts.random;
    this.#computeMs = parts.computeMs;
    this.#artifacts = [...parts.artifacts];
    this.#reading = new Reading(parts.rules);
  }

  attach(log: LogClient): void {
    this.#log = log;
    log.start();
  }

  die(): void {
    this.process.die();
    this.#log?.stop();
  }

  holds(model: number): number {
    return this.#artifacts[model] ?? 0;
  }

  load(model: number, artifact: number): void {
    this.#artifacts[model] = Math.max(artifact, this.holds(model));
  }

  onEpoch(epoch: number, before: number): void {
    this.#reading.begin(epoch, before);
  }

  onRecord({ position, moment }: Stored): void {
    switch (this.#reading.arrival(position)) {
      case "gap":
        this.#log?.resume();
        break;
      case "next":
        this.#reading.advance(position);
        this.#moment = moment;
        this.#retry();
        break;
      default:
        break;
    }
  }

  take(job: Job, end: JobEnd): void {
    this.#consider(job, end, this.process.nowMs() + bornTimeoutMs);
  }

  #retry(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { job, end, untilMs } of waiting) this.#consider(job, end, untilMs);
  }

  #consider(job: Job, end: JobEnd, untilMs: number): void {
    const holdsArtifact = this.holds(job.model) === job.artifact;
    const { born } = job;
    switch (verdict({ born, holdsArtifact }, this.#reading.position, this.#rules)) {
      case "refuse":
        end.onRefused();
        break;
      case "wait":
        if (this.process.nowMs() < untilMs) this.#waiting.push({ job, end, untilMs });
        break;
      case "compute":
        this.#compute(job, end);
        break;
    }
  }

  #compute(job: Job, end: JobEnd): void {
    const value: Value = { moment: this.#moment, artifact: this.holds(job.model) };
    this.process.after(this.#random.exponential(this.#computeMs), () => {
      const born = this.#rules.bornOf(job.born, this.#reading.position);
      const entry: Entry = { born, scopes: job.scopes, value };
      job.deliver(entry, this.process.id);
      end.onDone();
    });
  }
}
