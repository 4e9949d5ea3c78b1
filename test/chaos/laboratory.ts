import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Cluster, ports } from "./harness/cluster.ts";
import { stateDirectory } from "./harness/state-directory.ts";
import { judge } from "./history/checker.ts";
import type { ComputationRecord, History, RequestRecord } from "./history/history.ts";
import { health, recoveryMs, startedBetween } from "./history/recovery.ts";
import { GatewayTarget } from "./load/gateway-target.ts";
import {
  GenerationSource,
  type GenerationWorker,
  startGenerationWorker,
} from "./load/generation-worker.ts";
import { Invalidator } from "./load/invalidator.ts";
import { Load } from "./load/load.ts";
import { createMix, volatileTag } from "./load/mix.ts";
import type { Question } from "./load/question.ts";
import { type Finding, fileNameOf, writeFinding } from "./results.ts";

const requestsPerSecond = 150;
/** Longer than NATS needs for a new leader: misses are to be late then, not lost. */
const requestTimeoutMs = 20_000;
const computeMs = 5;
const baselineMs = 3_000;
const windowMs = 1_000;
/** Slower than this, and than three times the baseline, is noticed. */
const noticeableMs = 100;
/** A window has 150 requests: its hit ratio strays by 0.03 without any fault. */
const hitRatioTolerance = 0.12;

const invalidateEveryMs = 500;

/** What an experiment may do besides harm. */
export interface Trial {
  /** The fault begins now; what came before is the baseline. */
  begin(): void;
}

/** A cluster under load, and everything that is observed of it. */
export class Laboratory {
  readonly cluster: Cluster;
  readonly source: GenerationSource;
  readonly targets: readonly GatewayTarget[];
  readonly load: Load;
  readonly invalidator: Invalidator;
  readonly #worker: GenerationWorker;

  private constructor(
    cluster: Cluster,
    source: GenerationSource,
    worker: GenerationWorker,
    targets: readonly GatewayTarget[],
    load: Load,
  ) {
    this.cluster = cluster;
    this.source = source;
    this.targets = targets;
    this.load = load;
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
      const load = new Load({
        gateways: targets,
        mix,
        requestsPerSecond,
        timeoutMs: requestTimeoutMs,
      });
      const laboratory = new Laboratory(cluster, source, worker, targets, load);
      await load.warm(mix.popular);
      return laboratory;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** One question more, beside the load; its record is judged with the others. */
  ask(question: Question): Promise<RequestRecord> {
    return this.load.ask(question);
  }

  /** Resolves when the clients are connected to every gateway. */
  async reachable(): Promise<void> {
    await Promise.all(this.targets.map((target) => target.isBack()));
  }

  async close(): Promise<void> {
    for (const target of this.targets) target.close();
    await this.#worker.stop();
    await this.cluster.stop();
  }

  /**
   * Runs the load for a while, then `act`, and judges what the clients saw from `begin()` until
   * the end. Ends with a cluster that is whole again, and writes what was found.
   */
  async experiment(fault: string, act: (trial: Trial) => Promise<void>): Promise<Finding> {
    const { load, invalidator, cluster } = this;
    const skippedBefore = load.skipped;
    load.start();
    invalidator.start({ kind: "tag", tenant: "", tag: volatileTag }, invalidateEveryMs);
    const startMs = performance.now();
    await pause(baselineMs);
    let faultMs = Number.NaN;
    const trial: Trial = {
      begin() {
        faultMs = performance.now();
      },
    };
    let untilMs: number;
    try {
      await act(trial);
    } finally {
      untilMs = performance.now();
      await Promise.all([load.stop(), cluster.heal()]);
      await invalidator.stop();
    }
    const finding = this.#judge({ fault, startMs, faultMs, untilMs });
    const complete = { ...finding, skipped: load.skipped - skippedBefore };
    await writeFinding(complete);
    await this.#keepLogs(fault);
    return complete;
  }

  /** What the containers logged so far, for those who wonder about a result. */
  async #keepLogs(fault: string): Promise<void> {
    const directory = join(stateDirectory, "logs", fileNameOf(fault));
    await mkdir(directory, { recursive: true });
    for (const container of this.cluster.all) {
      await writeFile(join(directory, `${container.name}.log`), await container.logs());
    }
  }

  #judge(times: {
    readonly fault: string;
    readonly startMs: number;
    readonly faultMs: number;
    readonly untilMs: number;
  }): Omit<Finding, "skipped"> {
    const { fault, startMs, faultMs, untilMs } = times;
    const history = this.#history();
    const requests = startedBetween(history.requests, startMs, untilMs);
    const { stale, impossible, wrong, failed } = judge({ ...history, requests });
    const before = health(startedBetween(requests, startMs, faultMs));
    const after = health(startedBetween(requests, untilMs - 2 * windowMs, untilMs));
    const slowMs = Math.max(noticeableMs, 3 * before.p99Ms);
    const recovery = (isGood: Parameters<typeof recoveryMs>[1]["isGood"]): number =>
      recoveryMs(requests, { faultMs, untilMs, windowMs, isGood });
    // What had to be computed again after the previous experiment is not this one's fault.
    const known = new Map(this.#recomputedBy(faultMs));
    const grown = this.#recomputedBy(Number.POSITIVE_INFINITY).map(
      ([key, excess]) => excess - (known.get(key) ?? 0),
    );
    return {
      fault,
      requests: requests.length,
      failed,
      wrong,
      impossible,
      stale,
      invalidations: startedBetween(history.invalidations, startMs, untilMs),
      recomputedKeys: grown.filter((count) => count > 0).length,
      recomputedMost: Math.max(0, ...grown),
      p99RecoveryMs: recovery((window) => window.failed === 0 && window.p99Ms <= slowMs),
      hitRecoveryMs: recovery((window) => window.hitRatio >= before.hitRatio - hitRatioTolerance),
      durationMs: untilMs - faultMs,
      faultMs,
      before,
      during: health(startedBetween(requests, faultMs, untilMs)),
      after,
    };
  }

  /** Each key with the computations, up to that moment, that nothing explains. */
  #recomputedBy(untilMs: number): [key: string, excess: number][] {
    const history = this.#history();
    const computations = history.computations.filter(({ atMs }) => atMs < untilMs);
    const { recomputed } = judge({ ...history, computations });
    return recomputed.map(({ key, excess }) => [key, excess]);
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
