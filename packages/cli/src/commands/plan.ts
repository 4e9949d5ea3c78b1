import { basename } from "node:path";
import { KvringError } from "@kvring/core";
import { type PolicyName, policyNames } from "@kvring/store";
import type { ClusterDescription } from "@kvring/wire";
import { Command, Option } from "commander";
import { describeCluster } from "../cluster/describe.ts";
import { advise, formatAdvice, type Situation } from "../plan/report.ts";
import { planTrace } from "../plan/trace-plan.ts";
import { plotPathOf } from "../replay/flags.ts";
import { bytesOf } from "../replay/quantities.ts";
import { type FormatName, formatNames } from "../replay/trace-format.ts";
import { print, printJson } from "../report/output.ts";
import { hitRatioPlot, writePlot } from "../report/plot-file.ts";
import { progressBar } from "../report/progress-bar.ts";

interface PlanFlags {
  readonly target: string;
  readonly trace?: string;
  readonly format?: FormatName;
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
    .option("--capacity-bytes <size>", 'what there is now, for a trace with sizes, as in "4GiB"')
    .option("--capacity-entries <n>", "what there is now, for a trace without sizes")
    .option("--requests-per-hour <n>", "where the trace has no times, or will come faster")
    .option("--inference-ms <ms>", "what computing an answer takes, where nothing else says so")
    .option("--plot <file.svg>", "draw the hit ratios")
    .option("--json", "print a JSON array, one object for each node or trace")
    .addHelpText(
      "after",
      `
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
  const situations =
    flags.trace === undefined
      ? nodesOf(await describeCluster(flags.target), flags.target)
      : [await traceOf(flags.trace, flags)];
  const advice = situations.map((situation) =>
    advise({
      ...situation,
      requestsPerHour: given.requestsPerHour ?? situation.requestsPerHour,
      meanCostMs: given.meanCostMs ?? situation.meanCostMs,
    }),
  );
  const [first] = situations;
  if (flags.plot !== undefined && first !== undefined) {
    const svg = hitRatioPlot(`${first.name}: hits by capacity`, first.unit, first.points);
    await writePlot(plotPathOf(flags.plot), svg);
  }
  if (flags.json) printJson(advice);
  else {
    const texts = advice.map((one, at) => formatAdvice(one, situations[at]?.isWhole === true));
    print(texts.join("\n\n"));
  }
}

/** The nodes that look at all policies. Throws BAD_CONFIG where there is none. */
function nodesOf({ nodes }: ClusterDescription, target: string): Situation[] {
  const situations = nodes.flatMap(({ nodeId, stats }): Situation[] => {
    const adaptation = stats?.adaptation;
    if (stats == null || adaptation == null) return [];
    const { points, sampledShare, meanCostMs, requests } = adaptation;
    const lookups = Number(stats.hits) + Number(stats.misses);
    return [
      {
        name: `node ${nodeId}, governed by ${adaptation.policy}`,
        unit: "bytes",
        points: points.flatMap(({ policy, capacityBytes, hitRatio, savedShare }) =>
          isPolicy(policy)
            ? [{ policy, capacity: Number(capacityBytes), hitRatio, savedShare }]
            : [],
        ),
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

function isPolicy(name: string): name is PolicyName {
  return policyNames.some((policy) => policy === name);
}

async function traceOf(file: string, flags: PlanFlags): Promise<Situation> {
  const { format } = flags;
  if (format === undefined) {
    throw new KvringError("BAD_CONFIG", `--trace needs --format, one of ${formatNames.join(", ")}`);
  }
  const bar = progressBar();
  try {
    const plan = await planTrace(file, format, bar.update);
    const { unit, points, requests, keys, sampledShare, requestsPerHour, meanCostMs } = plan;
    return {
      ...{ name: basename(file), unit, points, requestsPerHour, meanCostMs },
      capacity: presentCapacity(unit, flags),
      isWhole: true,
      basis: `${requests} requests for ${keys} keys, ${shareOfKeys(sampledShare)} replayed`,
    };
  } finally {
    bar.stop();
  }
}

function presentCapacity(unit: "entries" | "bytes", flags: PlanFlags): number | undefined {
  const { capacityBytes, capacityEntries } = flags;
  if (unit === "bytes" && capacityEntries !== undefined) {
    throw new KvringError("BAD_CONFIG", "the trace has sizes: use --capacity-bytes");
  }
  if (unit === "entries" && capacityBytes !== undefined) {
    throw new KvringError("BAD_CONFIG", "the trace has no sizes: use --capacity-entries");
  }
  if (capacityBytes !== undefined) return bytesOf("--capacity-bytes", capacityBytes);
  return positive("--capacity-entries", capacityEntries);
}

function positive(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
  throw new KvringError("BAD_CONFIG", `${flag} is "${text}", but must be a number above 0`);
}
