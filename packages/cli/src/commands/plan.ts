import { basename } from "node:path";
import { KvringError } from "@kvring/core";
import { type PolicyName, policyNames } from "@kvring/store";
import type { ClusterDescription } from "@kvring/wire";
import { Command, Option } from "commander";
import { describeCluster } from "../cluster/describe.ts";
import { advise, formatAdvice, type Situation } from "../plan/report.ts";
import { surveyTrace } from "../plan/survey.ts";
import { planTrace } from "../plan/trace-plan.ts";
import { capacitiesOf, plotPathOf, policiesOf } from "../replay/flags.ts";
import { type FormatName, formatNames } from "../replay/trace-format.ts";
import { print, printJson } from "../report/output.ts";
import { hitRatioPlot, writePlot } from "../report/plot-file.ts";
import { progressBar } from "../report/progress-bar.ts";

interface PlanFlags {
  readonly target: string;
  readonly trace?: string;
  readonly format?: FormatName;
  readonly policy: string;
  readonly capacityBytes?: string;
  readonly capacityEntries?: string;
  readonly requestsPerHour?: string;
  readonly inferenceMs?: string;
  readonly plot?: string;
  readonly json?: boolean;
}

export function planCommand(): Command {
  return new Command("plan")
    .description("Which size and policy for which hit ratio, and what one more GiB would save.")
    .option("--target <host:port>", "a gateway, whose adaptive nodes tell", "127.0.0.1:8001")
    .option("--trace <file>", "a trace of requests instead, as for kvring replay")
    .addOption(new Option("--format <name>", "how the trace's records look").choices(formatNames))
    .option("--policy <names>", `all, or some of ${policyNames.join(", ")}`, "all")
    .option("--capacity-bytes <size>", 'what there is now, for a trace with sizes, as in "4GiB"')
    .option("--capacity-entries <n>", "what there is now, for a trace without sizes")
    .option("--requests-per-hour <n>", "where the trace has no times, or will come faster")
    .option("--inference-ms <ms>", "what computing an answer takes, where nothing else says so")
    .option("--plot <file.svg>", "draw the hit ratios")
    .option("--json", "print a JSON array, one object for each node or trace")
    .addHelpText(
      "after",
      `
Of a long trace a sample of the keys is replayed; the first line says how many.

Examples:
  kvring plan --target 127.0.0.1:8001
  kvring plan --trace requests.csv.zst --format csv --capacity-bytes 4GiB --inference-ms 12 --plot plan.svg

Nodes tell if their policy is adaptive: its ghosts look at a sample of the keys at several sizes.`,
    )
    .action(runPlan);
}

async function runPlan(flags: PlanFlags): Promise<void> {
  const given = {
    requestsPerHour: positive("--requests-per-hour", flags.requestsPerHour),
    meanCostMs: positive("--inference-ms", flags.inferenceMs),
  };
  const policies = fixedPoliciesOf(flags.policy);
  const plot = flags.plot === undefined ? undefined : plotPathOf(flags.plot);
  const situations =
    flags.trace === undefined
      ? nodesOf(await describeCluster(flags.target), policies, flags.target)
      : [await traceOf(flags.trace, policies, flags)];
  const advice = situations.map((situation) =>
    advise({
      ...situation,
      requestsPerHour: given.requestsPerHour ?? situation.requestsPerHour,
      meanCostMs: given.meanCostMs ?? situation.meanCostMs,
    }),
  );
  const [first] = situations;
  if (plot !== undefined && first !== undefined) {
    const svg = hitRatioPlot(`${first.name}: hits by capacity`, first.unit, first.points);
    await writePlot(plot, svg);
  }
  if (flags.json) printJson(advice);
  else {
    const texts = advice.map((one, at) => formatAdvice(one, situations[at]?.isWhole === true));
    print(texts.join("\n\n"));
  }
}

/** The nodes that look at all policies. Throws BAD_CONFIG where there is none. */
function nodesOf(
  { nodes }: ClusterDescription,
  policies: readonly PolicyName[],
  target: string,
): Situation[] {
  const situations = nodes.flatMap(({ nodeId, stats }): Situation[] => {
    const adaptation = stats?.adaptation;
    if (stats == null || adaptation == null) return [];
    const { points, sampledShare, meanCostMs, requests } = adaptation;
    const lookups = Number(stats.hits) + Number(stats.misses);
    return [
      {
        name: `node ${nodeId}, governed by ${adaptation.policy}`,
        unit: "bytes",
        points: points.flatMap(({ policy: name, capacityBytes, hitRatio, savedShare }) => {
          const policy = policies.find((one) => one === name);
          if (policy === undefined) return [];
          return [{ policy, capacity: Number(capacityBytes), hitRatio, savedShare }];
        }),
        capacity: Number(stats.capacityBytes),
        isWhole: false,
        requestsPerHour: lookups / (stats.uptimeMs / 3_600_000),
        meanCostMs: requests > 0 ? meanCostMs : undefined,
        basis: `from about ${Math.round(requests)} requests, ${shareOfKeys(sampledShare)}`,
      },
    ];
  });
  if (situations.length > 0) return situations;
  throw new KvringError(
    "BAD_CONFIG",
    `no node that ${target} can ask has curves to plan from: start them with --policy adaptive, or give a --trace`,
  );
}

function shareOfKeys(share: number): string {
  return share === 1 ? "all keys" : `${Number((100 * share).toPrecision(2))} % of the keys`;
}

async function traceOf(
  file: string,
  policies: readonly PolicyName[],
  flags: PlanFlags,
): Promise<Situation> {
  const { format } = flags;
  if (format === undefined) {
    throw new KvringError("BAD_CONFIG", `--trace needs --format, one of ${formatNames.join(", ")}`);
  }
  const bar = progressBar();
  try {
    const survey = await surveyTrace(file, format);
    const { unit, requests, keys, requestsPerHour, meanCostMs } = survey;
    const capacity = presentCapacity(unit, flags);
    const options = { file, format, survey, policies, capacity, progress: bar.update };
    const { points, sampledShare } = await planTrace(options);
    return {
      ...{ name: basename(file), unit, points, capacity, requestsPerHour, meanCostMs },
      isWhole: true,
      basis: `${requests} requests for ${keys} keys, ${methodOf(sampledShare)}`,
    };
  } finally {
    bar.stop();
  }
}

function methodOf(share: number): string {
  return share === 1 ? "all replayed, exact" : `${shareOfKeys(share)} replayed, an estimate`;
}

function presentCapacity(unit: "entries" | "bytes", flags: PlanFlags): number | undefined {
  const given = capacitiesOf(flags);
  if (given === undefined) return undefined;
  if (given.unit !== unit) {
    const why = unit === "bytes" ? "has sizes" : "has no sizes";
    throw new KvringError("BAD_CONFIG", `the trace ${why}: use --capacity-${unit}`);
  }
  const [capacity, another] = given.capacities;
  if (another === undefined) return capacity;
  throw new KvringError("BAD_CONFIG", "what there is now has one size: give one capacity");
}

function fixedPoliciesOf(text: string): PolicyName[] {
  return policiesOf(text).map((policy) => {
    if (policy !== "adaptive") return policy;
    throw new KvringError(
      "BAD_CONFIG",
      "--policy adaptive follows whichever of the others saves most: plan for all of them",
    );
  });
}

function positive(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
  throw new KvringError("BAD_CONFIG", `${flag} is "${text}", but must be a number above 0`);
}
