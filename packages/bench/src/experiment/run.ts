import type { CacheNodeProcess } from "@kvring/cache-node";
import type { KvringClient } from "@kvring/client";
import { KvringError } from "@kvring/core";
import { entryBytes, type PolicyChoice } from "@kvring/store";
import { median } from "../load/quantile.ts";
import type { ExperimentCluster } from "./cluster.ts";
import { meanMs } from "./formulas.ts";
import type { PlannedRun } from "./plan.ts";
import { inLanes, type Layer, type Questions, type Verdict } from "./questions.ts";

/** What one run came to; times are milliseconds and means where nothing else is said. */
export interface Measured {
  /**
   * Hits over hits and computations. Who waited for another's computation is neither: the formulas
   * know no time between a miss and its entry, and begin an entry's life when it is there.
   */
  readonly hitRatio: number;
  /** Share of all requests that waited so. */
  readonly collapsed: number;
  readonly requests: number;
  readonly timedHitRatio: number;
  readonly hitMs: number;
  readonly hitMedianMs: number;
  readonly missMs: number;
  readonly missMedianMs: number;
  /** Of a request, as long as time was taken. */
  readonly cachedMs: number;
  /** The same digits with `no-store`, in between. */
  readonly uncachedMs: number;
  readonly uncachedMedianMs: number;
  /** Inside ONNX Runtime. */
  readonly inferenceMs: number;
  /** What a miss takes beside its inference: look-up, fill token, queue, storing. */
  readonly fillMs: number;
  /** By T = h·T_hit + (1−h)·T_miss with the predicted h, where there is one. */
  readonly predictedMs: number | undefined;
  readonly entries: number;
  /** Share of the node's bytes that are in use in the end. */
  readonly utilisation: number;
  readonly accuracy: number;
  readonly accuracyUncached: number;
  readonly different: number;
  /** Load average of the machine over a minute, in the end. */
  readonly load: number;
}

/** Of the timed requests, every so many is repeated past the cache. */
const uncachedEvery: Readonly<Record<PlannedRun["model"], number>> = { mnist: 4, heavy: 16 };

/** What an entry of these questions is charged with any policy: all have equal size. */
export async function chargeOf(
  cluster: ExperimentCluster,
  questions: Questions,
): Promise<(policy: PolicyChoice) => number> {
  const probe = { policy: "lru", capacityBytes: 1024 * 1024 } as const;
  const charge = await cluster.withNode(probe, async (node) => {
    await inLanes(4, 1, async (item) => void (await ask(cluster.client, questions.cached[item])));
    return node.stats().usedBytes / node.stats().entries;
  });
  return (policy) => charge - entryBytes(0, "lru") + entryBytes(0, policy);
}

export async function measure(
  cluster: ExperimentCluster,
  questions: Questions,
  plan: PlannedRun,
  charge: (policy: PolicyChoice) => number,
  load: () => number,
): Promise<Measured> {
  const { policy, capacityEntries } = plan;
  const capacityBytes = capacityEntries * charge(policy);
  return await cluster.withNode({ policy, capacityBytes }, async (node) => {
    const tally = new Tally();
    await pipelined(cluster.client, questions, plan, tally);
    const times = await timed(cluster, questions, plan, tally);
    return { ...tally.summary(), ...times, ...spaceOf(node), load: load() };
  });
}

/** Fills the node, and counts then. */
async function pipelined(
  client: KvringClient,
  questions: Questions,
  { stream, warmUp, counted, lanes }: PlannedRun,
  tally: Tally,
): Promise<void> {
  const at = async (index: number): Promise<Verdict> => {
    const item = stream[index] ?? 0;
    return questions.judge(item, await ask(client, questions.cached[item]));
  };
  await inLanes(warmUp, lanes, async (index) => tally.compare(await at(index)));
  await inLanes(counted, lanes, async (index) => tally.count(await at(warmUp + index)));
}

async function timed(
  cluster: ExperimentCluster,
  questions: Questions,
  plan: PlannedRun,
  tally: Tally,
) {
  const { stream, warmUp, counted, prediction, model } = plan;
  const { client } = cluster;
  const times: Record<Layer, number[]> = { hit: [], computed: [], collapsed: [] };
  const uncached: number[] = [];
  const before = await cluster.computed(model);
  for (const [index, item] of stream.slice(warmUp + counted).entries()) {
    const startMs = performance.now();
    const answer = await ask(client, questions.cached[item]);
    const ms = performance.now() - startMs;
    const verdict = questions.judge(item, answer);
    tally.count(verdict);
    times[verdict.layer].push(ms);
    if (index % uncachedEvery[model] !== 0) continue;
    const againMs = performance.now();
    await ask(client, questions.uncached[item]);
    uncached.push(performance.now() - againMs);
  }
  const after = await cluster.computed(model);
  const inferenceMs = (after.ms - before.ms) / (after.count - before.count);
  const [hitMs, missMs] = [mean(times.hit), mean(times.computed)];
  const predicted = prediction.kind === "formula" ? prediction.hitRatio : undefined;
  const total = times.hit.length + times.computed.length;
  return {
    ...{ hitMs, missMs, inferenceMs },
    timedHitRatio: times.hit.length / total,
    hitMedianMs: median(times.hit),
    missMedianMs: median(times.computed),
    cachedMs: mean([...times.hit, ...times.computed]),
    uncachedMs: mean(uncached),
    uncachedMedianMs: median(uncached),
    fillMs: missMs - inferenceMs,
    predictedMs: predicted === undefined ? undefined : meanMs(predicted, hitMs, missMs),
  };
}

function spaceOf(node: CacheNodeProcess): Pick<Measured, "entries" | "utilisation"> {
  const { entries, usedBytes, capacityBytes } = node.stats();
  return { entries, utilisation: usedBytes / capacityBytes };
}

/**
 * On a machine so busy that this process gets no core for seconds, its node takes its worker for
 * dead, and after two attempts refuses the request. That is no question of policies: it is asked
 * again.
 */
async function ask(
  client: KvringClient,
  message: Uint8Array | undefined,
  attemptsLeft = 3,
): Promise<Uint8Array> {
  try {
    return await client.inferRaw(message ?? new Uint8Array(0));
  } catch (error) {
    if (KvringError.from(error).reason !== "POISON_JOB" || attemptsLeft === 0) throw error;
    return await ask(client, message, attemptsLeft - 1);
  }
}

/** Answers, by where they came from and whether they are right. */
class Tally {
  readonly #layers: Record<Layer, number> = { hit: 0, computed: 0, collapsed: 0 };
  #right = 0;
  #rightUncached = 0;
  #compared = 0;
  #different = 0;

  count(verdict: Verdict): void {
    this.#layers[verdict.layer] += 1;
    this.compare(verdict);
  }

  compare({ isSame, isRight, isRightUncached }: Verdict): void {
    this.#compared += 1;
    if (!isSame) this.#different += 1;
    if (isRight) this.#right += 1;
    if (isRightUncached) this.#rightUncached += 1;
  }

  summary() {
    const { hit, computed, collapsed } = this.#layers;
    const requests = hit + computed + collapsed;
    return {
      requests,
      hitRatio: hit / (hit + computed),
      collapsed: collapsed / requests,
      accuracy: this.#right / this.#compared,
      accuracyUncached: this.#rightUncached / this.#compared,
      different: this.#different,
    };
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
