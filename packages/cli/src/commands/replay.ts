import { KvringError } from "@kvring/core";
import { type PolicyChoice, policyChoices, policyNames } from "@kvring/store";
import { SingleBar } from "cli-progress";
import { Command, Option } from "commander";
import { bytesOf, durationMsOf } from "../replay/quantities.ts";
import { type ReplayResult, replay } from "../replay/replay.ts";
import { type FormatName, formatNames } from "../replay/trace-format.ts";
import { formatBytes, formatShare, table } from "../report/format.ts";
import { print, printJson } from "../report/output.ts";

interface ReplayFlags {
  readonly format: FormatName;
  readonly policy: string;
  readonly capacityEntries?: string;
  readonly capacityBytes?: string;
  readonly ttl?: string;
  readonly warmUp?: string;
  readonly json?: boolean;
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
    .option("--warm-up <requests>", "requests that are replayed first and not counted")
    .option("--json", "print one JSON object, or an array of them where there are several")
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
  kvring replay block.oracleGeneral.zst --format oracle --policy s3-fifo --capacity-bytes 128MiB --json`;

async function runReplay(file: string, flags: ReplayFlags): Promise<void> {
  const policies = readPolicies(flags.policy);
  const { unit, capacities } = readCapacities(flags);
  const ttlMs = flags.ttl === undefined ? undefined : durationMsOf("--ttl", flags.ttl);
  const warmUp = flags.warmUp === undefined ? 0 : wholeNumber("--warm-up", flags.warmUp);
  const bar = progressBar();
  let results: ReplayResult[];
  try {
    const { format } = flags;
    const progress = bar?.update;
    results = await replay({
      file,
      format,
      policies,
      unit,
      capacities,
      ttlMs,
      warmUp,
      ...(progress && { progress }),
    });
  } finally {
    bar?.stop();
  }
  if (flags.json) {
    const reports = results.map((result) => report(result, unit));
    printJson(reports.length === 1 ? reports[0] : reports);
    return;
  }
  print(formatResults(results, unit));
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

function readPolicies(text: string): PolicyChoice[] {
  const policies = text.split(",").flatMap((name): readonly PolicyChoice[] => {
    if (name.trim() === "all") return policyNames;
    const known = policyChoices.find((policy) => policy === name.trim());
    if (known !== undefined) return [known];
    throw new KvringError(
      "BAD_CONFIG",
      `--policy is "${name}", but must be all or some of ${policyChoices.join(", ")}`,
    );
  });
  return [...new Set(policies)];
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new KvringError("BAD_CONFIG", `${flag} is "${text}", but must be a whole number from 0`);
}

function readCapacities(flags: ReplayFlags) {
  const { capacityEntries, capacityBytes } = flags;
  if ((capacityEntries === undefined) === (capacityBytes === undefined)) {
    throw new KvringError("BAD_CONFIG", "give --capacity-entries or --capacity-bytes, one of them");
  }
  if (capacityBytes !== undefined) {
    const capacities = capacityBytes.split(",").map((text) => bytesOf("--capacity-bytes", text));
    return { unit: "bytes", capacities } as const;
  }
  const capacities = (capacityEntries ?? "").split(",").map((text) => {
    const entries = Number(text);
    // One entry has a slot of 32 bits.
    if (Number.isInteger(entries) && entries >= 1 && entries < 2 ** 31) return entries;
    throw new KvringError(
      "BAD_CONFIG",
      `--capacity-entries is "${text}", but must be whole numbers from 1, as in "1000,2000"`,
    );
  });
  return { unit: "entries", capacities } as const;
}

/** On a terminal only: a report that is piped stays clean, and so does a log. */
function progressBar() {
  if (!process.stderr.isTTY) return undefined;
  const bar = new SingleBar({
    format: "{bar} {percentage} %  {eta_formatted}",
    stream: process.stderr,
  });
  bar.start(1, 0);
  return {
    update(readBytes: number, totalBytes: number): void {
      bar.setTotal(totalBytes);
      bar.update(readBytes);
    },
    stop: () => bar.stop(),
  };
}
