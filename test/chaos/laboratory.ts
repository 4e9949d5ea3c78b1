import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Cluster, ports } from "./harness/cluster.ts";
import { MachineLag } from "./harness/machine-lag.ts";
import { stateDirectory } from "./harness/state-directory.ts";
import { type ExperimentTimes, type Finding, find } from "./history/finding.ts";
import type { ComputationRecord, History } from "./history/history.ts";
import { GatewayTarget } from "./load/gateway-target.ts";
import {
  GenerationSource,
  type GenerationWorker,
  startGenerationWorker,
} from "./load/generation-worker.ts";
import { Invalidator } from "./load/invalidator.ts";
import { Load } from "./load/load.ts";
import { createMix, type Mix, volatileTag } from "./load/mix.ts";
import { fileNameOf, writeResult } from "./results.ts";

const requestsPerSecond = 150;
/** Longer than NATS needs for a new leader: misses are to be late then, not lost. */
const requestTimeoutMs = 20_000;
const computeMs = 5;
const baselineMs = 3_000;
/** Through each gateway. */
const invalidateEveryMs = 1_000;

/** What an experiment may do besides harm. */
export interface Trial {
  /** The fault begins now; what came before is the baseline. */
  begin(): void;
  /** It is over now, and all that was broken works again. Not for deaths. */
  healed(): void;
}

export interface Observation extends Finding {
  readonly fault: string;
  /** Questions that were never asked, for want of a gateway. */
  readonly skipped: number;
  /** What the machine may have withheld from a request. */
  readonly lagMs: number;
}

/** A cluster under load, and everything that is observed of it. */
export class Laboratory {
  readonly cluster: Cluster;
  readonly source: GenerationSource;
  readonly targets: readonly GatewayTarget[];
  readonly load: Load;
  readonly mix: Mix;
  readonly invalidator: Invalidator;
  readonly #worker: GenerationWorker;
  readonly #lies: string[] = [];

  private constructor(
    cluster: Cluster,
    source: GenerationSource,
    worker: GenerationWorker,
    targets: readonly GatewayTarget[],
    mix: Mix,
  ) {
    this.cluster = cluster;
    this.source = source;
    this.targets = targets;
    this.mix = mix;
    this.load = new Load({
      gateways: targets,
      mix,
      requestsPerSecond,
      timeoutMs: requestTimeoutMs,
    });
    this.invalidator = new Invalidator({
      source,
      gateways: targets,
      timeoutMs: 2 * requestTimeoutMs,
    });
    this.#worker = worker;
  }

  /** Resolves when the popular answers are in the cluster. */
  static async open(seed = 1): Promise<Laboratory> {
    const cluster = await Cluster.start();
    try {
      const source = new GenerationSource();
      const { natsUrls } = cluster;
      const worker = await startGenerationWorker({ source, natsUrls, computeMs });
      const targets = cluster.gateways.map(
        ({ name, address }) => new GatewayTarget(name, `${address}:${ports.gateway}`),
      );
      const mix = createMix(seed);
      const laboratory = new Laboratory(cluster, source, worker, targets, mix);
      for (const target of targets) await laboratory.load.warm(target, mix.popular);
      return laboratory;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Resolves when the clients are connected to every gateway. */
  async reachable(): Promise<void> {
    await Promise.all(this.targets.map((target) => target.isBack()));
  }

  /** Rejects when any experiment saw an answer that must not be, also one that was tried again. */
  async close(): Promise<void> {
    for (const target of this.targets) target.close();
    await this.#worker.stop();
    await this.cluster.stop();
    if (this.#lies.length > 0) throw new Error(this.#lies.join("; "));
  }

  /**
   * Runs the load for a while, then `act`, and judges what the clients saw. Ends with a cluster that
   * is whole again, and writes what was found.
   */
  async experiment(fault: string, act: (trial: Trial) => Promise<void>): Promise<Observation> {
    const { load, invalidator, cluster } = this;
    const skippedBefore = load.skipped;
    const lag = new MachineLag();
    load.start();
    invalidator.start({ kind: "tag", tenant: "", tag: volatileTag }, invalidateEveryMs);
    const startMs = performance.now();
    await pause(baselineMs);
    let faultMs = Number.NaN;
    let healedMs: number | undefined;
    const trial: Trial = {
      begin() {
        faultMs = performance.now();
        lag.start();
      },
      healed() {
        healedMs = performance.now();
      },
    };
    let times: ExperimentTimes;
    let lagMs: number;
    try {
      await act(trial);
    } finally {
      times = { startMs, faultMs, healedMs, untilMs: performance.now() };
      lagMs = lag.stop();
      await Promise.all([load.stop(), cluster.heal()]);
      await invalidator.stop();
    }
    const finding = find(this.#history(), times, lagMs);
    const observation = { ...finding, fault, lagMs, skipped: load.skipped - skippedBefore };
    const { stale, wrong } = finding;
    if (stale.length + wrong.length > 0) {
      this.#lies.push(`${fault}: ${stale.length} stale and ${wrong.length} wrong answers`);
    }
    await writeResult(observation);
    await this.#keepLogs(fault);
    return observation;
  }

  /** What the containers logged so far, for those who wonder about a result. */
  async #keepLogs(fault: string): Promise<void> {
    const directory = join(stateDirectory, "logs", fileNameOf(fault));
    await mkdir(directory, { recursive: true });
    for (const container of this.cluster.all) {
      await writeFile(join(directory, `${container.name}.log`), await container.logs());
    }
  }

  #history(): History {
    const requests = this.load.records;
    // The cluster's own workers tell of their computations by the answers.
    const others = requests.flatMap(({ key, endMs, outcome }): ComputationRecord[] =>
      outcome.kind === "answered" &&
      outcome.source === "computed" &&
      outcome.generation === undefined
        ? [{ key, generation: 0, atMs: endMs }]
        : [],
    );
    const { changes, computations } = this.source;
    const invalidations = this.invalidator.records;
    return { requests, changes, invalidations, computations: [...computations, ...others] };
  }
}
