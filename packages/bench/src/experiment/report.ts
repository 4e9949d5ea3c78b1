import { table } from "../report/table.ts";
import { hitBound, hitError, type Outcome, timeBound, timeError } from "./checks.ts";
import { claims, costsBehind, hitCost, originsOf } from "./claims.ts";
import type { Experiment } from "./experiment.ts";
import { meanMs } from "./formulas.ts";
import { hitPlotName } from "./plots.ts";
import { timeSection } from "./time-section.ts";
import { median, percent, points } from "./words.ts";

/** The whole report as Markdown; `machine` says in a line where it ran. */
export function formatReport(experiment: Experiment, machine: string): string {
  return [
    "# Digits through the cluster: what a cache hits and what it saves",
    summary(experiment, machine),
    "## What is claimed, and what came out",
    claimSection(experiment),
    "## Where 90 %, 85 % and 80 % can come from",
    originSection(experiment),
    "## Hit ratios",
    hitSection(experiment),
    "## Times",
    timeSection(experiment.outcomes),
    "## Space, accuracy, answers",
    soundnessSection(experiment),
    "## How it was measured",
    methodSection(experiment),
    "",
  ].join("\n\n");
}

function summary({ outcomes, violations, seconds, seed }: Experiment, machine: string): string {
  const hits = outcomes.map(hitError).filter((error) => error !== undefined);
  const times = outcomes.map(timeError).filter((error) => error !== undefined);
  const worst = (errors: readonly number[]): number => Math.max(0, ...errors.map(Math.abs));
  const loads = outcomes.map(({ measured }) => measured.load);
  return [
    `\`npm run experiment\` (seed ${seed}): ${outcomes.length} runs in ${Math.round(seconds / 60)} minutes on ${machine}, load average ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}.`,
    `- Hit ratios, where a formula predicts them (${hits.length} runs): off by ${points(median(hits.map(Math.abs)))} points at the median and ${points(worst(hits))} at most; allowed are ${points(hitBound)}.`,
    `- Mean times, predicted (${times.length} runs): off by ${percent(median(times.map(Math.abs)))} at the median and ${percent(worst(times))} at most; allowed are ${percent(timeBound)}.`,
    violations.length === 0
      ? "- Nothing was out of bounds."
      : `- Out of bounds:\n${violations.map((line) => `  - ${line}`).join("\n")}`,
  ].join("\n");
}

function claimSection({ outcomes }: Experiment): string {
  const rows = claims.map((claim) => {
    const runs = outcomes.filter(({ plan }) => plan.policy === claim.policy);
    const closest = runs
      .filter(({ plan }) => plan.model === "mnist")
      .toSorted((a, b) => distance(a, claim.hitRatio) - distance(b, claim.hitRatio))[0];
    return [
      claim.policy,
      `${percent(claim.hitRatio)}, −${percent(claim.saved)}`,
      ...(["mnist", "heavy"] as const).map((model) => {
        const like = runs.filter(({ plan }) => plan.model === model);
        return like.length === 0 ? "" : rangeOf(like);
      }),
      closest === undefined
        ? ""
        : `${closest.plan.law}, ${closest.plan.capacityEntries} entries: ${percent(closest.measured.hitRatio)}, ${percent(saved(closest))}`,
      percent(hitCost(claim)),
    ];
  });
  const [lru, , fifo] = claims;
  const costs = lru && fifo ? costsBehind(lru, fifo) : { hit: Number.NaN, miss: Number.NaN };
  return [
    table(
      [
        ...["policy", "claimed: hits, time", "ours, small model: hits, time"],
        ...["ours, heavy model", "our small run nearest the claimed hits"],
        "T_hit / T_miss that the claim means",
      ],
      rows,
    ),
    "Ranges are over all laws and sizes; times are h · T_hit + (1 − h) · T_miss with medians, over the median without a cache. A hit ratio is a property of what is asked and of how much fits, and only then of the policy. A policy alone has none, and neither has MNIST, whose images are all different: asked once each they hit 0 %.",
    `Hit ratio and time saved are tied by T = h · T_hit + (1 − h) · T_miss. If a miss costs one inference, −40 % at 90 % hits means that a hit costs ${percent(hitCost({ hitRatio: 0.9, saved: 0.4 }))} of an inference, and the other two claims mean other costs of the same hit (last column). One pair of costs does explain all three: a hit of ${costs.hit.toFixed(1)} inferences and a miss of ${costs.miss.toFixed(1)}, so that looking up and storing cost more than the model, and below ${percent((costs.miss - 1) / (costs.miss - costs.hit))} hits such a cache loses time. That is a model too cheap to cache, or a cache too slow.`,
  ].join("\n\n");
}

function originSection({ items }: Experiment): string {
  const rows = [0.9, 0.8].flatMap((hitRatio) =>
    originsOf(hitRatio, items).map(({ law, share, lru, fifo, mostPopular }) => [
      ...[law, percent(share), percent(lru), percent(mostPopular), percent(fifo)],
      points(lru - fifo),
    ]),
  );
  return [
    `Sizes at which LRU hits 90 % and 80 % of ${items} distinct digits, by Che's approximation, and what the others hit in the same memory.`,
    table(
      ["law", "entries, of all", "LRU", "at most (A0)", "FIFO", "FIFO below LRU, points"],
      rows,
    ),
    "Under none of these laws can one size give LRU 90 %, LFU 85 % and FIFO 80 %. Where requests are independent FIFO loses a few points against LRU and not ten, and an LFU that has counted long enough beats LRU instead of losing to it. An order of LRU before LFU needs popularity that shifts, which leaves an LFU with counts of yesterday: see the laws `shifting` and `scan` below. And hit probability is the share of entries that fit only where all items are asked alike (`uniform`); everywhere else it is above that.",
  ].join("\n\n");
}

function hitSection({ outcomes }: Experiment): string {
  const rows = outcomes
    .filter(({ plan }) => plan.model === "mnist")
    .map((outcome) => {
      const { plan, measured } = outcome;
      const { prediction } = plan;
      const error = hitError(outcome);
      return [
        ...[plan.law, String(plan.capacityEntries), plan.policy, percent(measured.hitRatio)],
        percent(plan.twinHitRatio),
        prediction.kind === "none" ? "none applies" : predicted(prediction),
        error === undefined ? "" : points(error),
        percent(measured.collapsed),
        String(measured.requests),
      ];
    });
  const laws = new Set(outcomes.map(({ plan }) => plan.law));
  const plots = [...laws].map((law) => `![${law}](${hitPlotName(law)})`);
  return [
    plots.join("\n"),
    "*Alone* is the policy without a cluster, on the same requests, one at a time: how far the measured ratio is off that is what the cluster and many requests at once do; how far alone is off the formula is chance, and the formula.",
    table(
      [
        ...["law", "entries", "policy", "hits", "alone", "formula", "off by, points"],
        ...["waited", "requests"],
      ],
      rows,
    ),
  ].join("\n\n");
}

function predicted(prediction: {
  kind: "formula" | "bound";
  by: string;
  hitRatio: number;
}): string {
  const sign = prediction.kind === "bound" ? "≤ " : "";
  return `${sign}${percent(prediction.hitRatio)} (${prediction.by})`;
}

function soundnessSection({ outcomes }: Experiment): string {
  const sum = (read: (outcome: Outcome) => number): number =>
    outcomes.reduce((total, outcome) => total + read(outcome), 0);
  const uses = outcomes.map(({ measured }) => measured.utilisation);
  const full = outcomes.filter(({ plan, measured }) => measured.entries === plan.capacityEntries);
  const accuracies = (["mnist", "heavy"] as const).flatMap((model) => {
    const runs = outcomes.filter(({ plan }) => plan.model === model);
    if (runs.length === 0) return [];
    const unequal = runs.filter(({ measured: m }) => m.accuracy !== m.accuracyUncached).length;
    const values = runs.map(({ measured }) => measured.accuracy);
    return [
      `${model} ${percent(Math.min(...values))} to ${percent(Math.max(...values))} (which digits are popular differs), ${unequal} of ${runs.length} runs other than without a cache`,
    ];
  });
  return [
    `- Space: all entries are charged alike, and sizes are whole numbers of them. ${full.length} of ${outcomes.length} nodes ended with exactly as many entries as planned; their memory was ${percent(Math.min(...uses))} to ${percent(Math.max(...uses))} in use.`,
    `- Accuracy: ${accuracies.join("; ")}.`,
    `- Answers: every one was compared with the uncached one to the same digit, bit for bit; of ${sum(({ measured }) => measured.requests)} counted ones, and those that filled the nodes before, ${sum(({ measured }) => measured.different)} differed.`,
  ].join("\n");
}

function methodSection({ items, outcomes }: Experiment): string {
  const requests = outcomes.reduce((total, { measured }) => total + measured.requests, 0);
  return [
    `${items} digits that the trainer of the classifier never saw are asked for in the order that a law draws from a seed, in all ${requests} counted requests. Gateway, node and worker are one process as in \`kvring up --nats\`, speaking gRPC over loopback; NATS and the ONNX sessions are processes of their own. The gateway's near cache is off and one node holds everything, so that its policy is what answers; each run has a new, empty node.`,
    "Each run first fills its node, FIFO's until everything was replaced twice. Then hits are counted with up to 24 requests under way, and no more than a tenth of the entries: who asks for what is being computed waits, and is neither a hit nor a computation. At last requests go one at a time and are timed, and some of them are repeated at once with `no-store`, which is the time without a cache.",
    "Laws: `uniform`; Zipf with exponents of 0.8, 1.0 and 1.2; `shifting`, Zipf 1.0 whose favourites move on by a twentieth of the digits every 500 requests; `scan`, Zipf 1.0 with a pass over a quarter of the digits after every 1,000 requests. Formulas: LRU by Che, Tung and Wang (2002); FIFO as Gelenbe (1973) showed it to equal random replacement, in the form of Fricker, Robert and Roberts (2012); A0, the most popular and no others, by Coffman and Denning (1973), which no policy exceeds in the long run where requests are independent. They hold for independent requests only: for `shifting`, `scan`, LFU and `adaptive` nothing is predicted.",
    "A node whose process gets no core for seconds takes its worker for dead, and refuses after two attempts (`POISON_JOB`); such a request is asked again.",
    "The predicted time takes the predicted hit ratio, and T_hit and T_miss as measured in the same run. With the measured ratio the formula is an identity; what is put to the test is whether the predicted ratio is good enough to tell the time. Runs are as long as it takes for the bounds to be three standard errors.",
  ].join("\n\n");
}

function rangeOf(outcomes: readonly Outcome[]): string {
  const hits = outcomes.map(({ measured }) => measured.hitRatio);
  const times = outcomes.map(saved);
  return `${percent(Math.min(...hits))}–${percent(Math.max(...hits))}, ${percent(Math.min(...times))} to ${percent(Math.max(...times))}`;
}

/** Negative: less time than without. Of medians, since one pause of the machine outweighs a mean. */
function saved({ measured }: Outcome): number {
  const { hitRatio, hitMedianMs, missMedianMs, uncachedMedianMs } = measured;
  return meanMs(hitRatio, hitMedianMs, missMedianMs) / uncachedMedianMs - 1;
}

function distance({ measured }: Outcome, hitRatio: number): number {
  return Math.abs(measured.hitRatio - hitRatio);
}
