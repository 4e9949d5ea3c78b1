import { table } from "../report/table.ts";
import { type Outcome, timeError } from "./checks.ts";
import type { ModelName } from "./plan.ts";
import type { Measured } from "./run.ts";
import { median, milliseconds, percent } from "./words.ts";

/** What hits, misses and requests take, per model, and what a cache saves of it. */
export function timeSection(outcomes: readonly Outcome[]): string {
  const models = [...new Set(outcomes.map(({ plan }) => plan.model))];
  return [
    "![time with the cache](times.svg)",
    table(
      [
        ...["model", "T_hit", "T_miss", "without cache", "inference", "update", "beside no-store"],
        ...["T_hit / T_miss", "worth while above"],
      ],
      models.map((model) => costRow(model, outcomes)),
    ),
    "Milliseconds, medians over the runs of their medians (of inference and update: means). *Without cache* is the same cluster asked with `no-store`, *inference* what ONNX Runtime alone takes, *update* what a miss takes beside it: look-up, fill token, queue, storing. *Beside no-store* is what a miss takes more than a request without cache. *Worth while above* is the hit ratio from which on a request takes less time than one without cache.",
    ...models.map((model) => verdictOf(model, outcomes)),
    table(
      [
        ...["model", "law", "entries", "policy", "hits as timed", "T_hit", "T_miss"],
        ...["with cache", "predicted", "off by", "without", "saved"],
      ],
      outcomes.map(row),
    ),
    "Milliseconds, means: of a machine that does other things too, with its pauses. *Off by* also holds by how much the hit ratio of a few hundred timed requests is off that of many.",
  ].join("\n\n");
}

function costRow(model: ModelName, outcomes: readonly Outcome[]): string[] {
  const cost = costsOf(model, outcomes);
  const even = (cost.missMs - cost.uncachedMs) / (cost.missMs - cost.hitMs);
  return [
    ...[model, milliseconds(cost.hitMs), milliseconds(cost.missMs), milliseconds(cost.uncachedMs)],
    ...[milliseconds(cost.inferenceMs), milliseconds(cost.fillMs)],
    milliseconds(cost.missMs - cost.uncachedMs),
    percent(cost.hitMs / cost.missMs),
    even <= 0 ? "0 %" : percent(even),
  ];
}

function verdictOf(model: ModelName, outcomes: readonly Outcome[]): string {
  const { hitMs, inferenceMs } = costsOf(model, outcomes);
  const times = (hitMs / inferenceMs).toFixed(1);
  return hitMs > inferenceMs
    ? `A hit of \`${model}\` takes ${times} times as long as its inference: called inside one's own process, it is answered sooner than by any cache across a network. What a cache saves here it saves of the way to a worker.`
    : `A hit of \`${model}\` takes ${percent(hitMs / inferenceMs)} of its inference: this is what a cache is for.`;
}

function costsOf(model: ModelName, outcomes: readonly Outcome[]) {
  const runs = outcomes.filter(({ plan }) => plan.model === model);
  const middle = (read: (measured: Measured) => number): number =>
    median(runs.map(({ measured }) => read(measured)).filter(Number.isFinite));
  return {
    hitMs: middle((measured) => measured.hitMedianMs),
    missMs: middle((measured) => measured.missMedianMs),
    uncachedMs: middle((measured) => measured.uncachedMedianMs),
    inferenceMs: middle((measured) => measured.inferenceMs),
    fillMs: middle((measured) => measured.fillMs),
  };
}

function row(outcome: Outcome): string[] {
  const { plan, measured } = outcome;
  const error = timeError(outcome);
  const { predictedMs } = measured;
  return [
    ...[plan.model, plan.law, String(plan.capacityEntries), plan.policy],
    percent(measured.timedHitRatio),
    ...[measured.hitMs, measured.missMs, measured.cachedMs].map(milliseconds),
    predictedMs === undefined ? "" : milliseconds(predictedMs),
    error === undefined ? "" : percent(error),
    milliseconds(measured.uncachedMs),
    percent(1 - measured.cachedMs / measured.uncachedMs),
  ];
}
