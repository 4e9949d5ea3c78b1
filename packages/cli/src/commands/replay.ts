import { basename } from "node:path";
import { KvringError } from "@kvring/core";
import { policyChoices } from "@kvring/store";
import { Command, Option } from "commander";
import { capacitiesOf, plotPathOf, policiesOf, wholeNumberOf } from "../replay/flags.ts";
import { durationMsOf } from "../replay/quantities.ts";
import { type ReplayResult, replay } from "../replay/replay.ts";
import { type FormatName, formatNames } from "../replay/trace-format.ts";
import { formatBytes, formatShare, table } from "../report/format.ts";
import { print, printJson } from "../report/output.ts";
import { hitRatioPlot, writePlot } from "../report/plot-file.ts";
import { progressBar } from "../report/progress-bar.ts";

interface ReplayFlags {
  readonly format: FormatName;
  readonly policy: string;
  readonly capacityEntries?: string;
  readonly capacityBytes?: string;
  readonly ttl?: string;
  readonly warmUp?: string;
  readonly lfuAgeing?: boolean;
  readonly json?: boolean;
  readonly plot?: string;
}

export function replayCommand(): Command {
  return new Command("replay")
    .description("What a policy would have kept: replays a trace of requests against a cache.")
    .argument("<file>", "a trace; .gz and .zst are unpacked on the way")
    .addOption(
      new Option("--format <name>", "how its records look")
        .choices(formatNames)
        .makeOptionMandatory(),
    )
    .option("--policy <names>", `all (fixed ones), or some of ${policyChoices.join(", ")}`, "lru")
    .option("--capacity-entries <list>", "entries the cache holds, one number or several")
    .option("--capacity-bytes <list>", 'or bytes it holds, as in "128MiB,256MiB"')
    .option(
      "--ttl <duration>",
      'entries end so long after they came, as in "60s", by the trace\'s clock',
    )
    .option("--lfu-ageing", "lfu forgets: what was popular once is overtaken")
    .option("--warm-up <requests>", "requests that are replayed first and not counted")
    .option("--json", "print one JSON object a line, one for each policy and capacity")
    .option("--plot <file.svg>", "draw the hit ratio over the capacity, a line for each policy")
    .addHelpText("after", help)
    .action(runReplay);
}

const help = `
Formats:
  u32le    a key of 4 bytes per request, little-endian
  oracle   libCacheSim's oracleGeneral: u32 time (s), u64 key, u32 size, i64 next request
  csv      id | id,size | time,id,size | time,id,size,cost_ms, or a first line that names columns

Examples:
  kvring replay requests.u32le.gz --format u32le --policy all --capacity-entries 250,1000,4000
  kvring replay requests.csv --format csv --policy lru,gdsf --capacity-bytes 64MiB,1GiB --plot hits.svg
  kvring replay block.oracleGeneral.zst --format oracle --policy s3-fifo --capacity-bytes 128MiB --json`;

async function runReplay(file: string, flags: ReplayFlags): Promise<void> {
  const { format } = flags;
  const policies = policiesOf(flags.policy);
  const sizes = capacitiesOf(flags);
  if (sizes === undefined) {
    throw new KvringError(
      "BAD_CONFIG",
      "there is no capacity: give --capacity-entries, as in 1000,2000, or --capacity-bytes, as in 128MiB",
    );
  }
  const { unit, capacities } = sizes;
  const ttlMs = flags.ttl === undefined ? undefined : durationMsOf("--ttl", flags.ttl);
  const warmUp = flags.warmUp === undefined ? 0 : wholeNumberOf("--warm-up", flags.warmUp);
  const lfuAges = flags.lfuAgeing === true;
  const plot = flags.plot === undefined ? undefined : plotPathOf(flags.plot);
  const bar = progressBar();
  let results: ReplayResult[];
  try {
    const progress = bar.update;
    results = await replay({
      file,
      format,
      policies,
      unit,
      capacities,
      ttlMs,
      warmUp,
      lfuAges,
      progress,
    });
  } finally {
    bar.stop();
  }
  checkCounted(file, results, warmUp);
  if (plot !== undefined) await writePlot(plot, plotOf(file, results, unit));
  if (!flags.json) return print(formatResults(results, unit));
  for (const result of results) printJson(report(result, unit));
}

function checkCounted(file: string, results: readonly ReplayResult[], warmUp: number): void {
  if (results.some(({ requests }) => requests > 0)) return;
  const why =
    warmUp === 0 ? "it is empty" : `it is no longer than the ${warmUp} requests of --warm-up`;
  throw new KvringError(
    "BAD_CONFIG",
    `no request of ${file} was counted, as ${why}: give a longer trace`,
  );
}

function plotOf(file: string, results: readonly ReplayResult[], unit: "entries" | "bytes"): string {
  const points = results.map(({ policy, capacity, requests, hits }) => ({
    ...{ policy, capacity, hitRatio: share(hits, requests) },
  }));
  return hitRatioPlot(`${basename(file)}: hit ratio over capacity`, unit, points);
}

function report(result: ReplayResult, unit: "entries" | "bytes") {
  const { policy, capacity, requests, hits, evictions, seconds } = result;
  return {
    policy,
    [`capacity_${unit}`]: capacity,
    requests,
    hits,
    misses: requests - hits,
    hit_ratio: share(hits, requests),
    byte_hit_ratio: share(result.hitBytes, result.totalBytes),
    evictions,
    seconds,
  };
}

function formatResults(results: readonly ReplayResult[], unit: "entries" | "bytes"): string {
  const head = [
    "policy",
    `capacity (${unit})`,
    "requests",
    "misses",
    "hits",
    "bytes hit",
    "evictions",
    "s",
  ];
  const rows = results.map((result) => [
    result.policy,
    unit === "bytes" ? formatBytes(result.capacity) : String(result.capacity),
    String(result.requests),
    String(result.requests - result.hits),
    formatShare(share(result.hits, result.requests)),
    formatShare(share(result.hitBytes, result.totalBytes)),
    String(result.evictions),
    result.seconds.toFixed(2),
  ]);
  return table(head, rows);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
