import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Load } from "../load/load.ts";
import { median } from "../load/quantile.ts";

/** One system in one scenario: medians over the rounds. */
export interface Result {
  readonly scenario: string;
  readonly system: string;
  readonly requests_per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly cpu_us_per_request: number;
  readonly ratio_to: string;
  /** Requests per second over those of `ratio_to`, round by round; the median. */
  readonly ratio: number;
  readonly ratio_min: number;
  readonly ratio_max: number;
}

/** What is not a rate: a pause, a number of bytes. */
export interface Figure {
  readonly scenario: string;
  readonly system: string;
  readonly value: number;
  readonly unit: string;
}

export interface Round extends Load {
  readonly cpuUsPerRequest: number;
}

/** Rounds are paired: the n-th of one system ran right beside the n-th of the other. */
export function summarize(
  scenario: string,
  systems: ReadonlyMap<string, readonly Round[]>,
  baseline: string,
): Result[] {
  const base = systems.get(baseline) ?? [];
  return [...systems].map(([system, rounds]) => {
    const ratios = rounds.map(
      (round, index) => round.requestsPerSecond / (base[index]?.requestsPerSecond ?? Number.NaN),
    );
    return {
      scenario,
      system,
      requests_per_second: Math.round(median(rounds.map((round) => round.requestsPerSecond))),
      p50_ms: rounded(median(rounds.map((round) => round.p50Ms))),
      p99_ms: rounded(median(rounds.map((round) => round.p99Ms))),
      cpu_us_per_request: rounded(median(rounds.map((round) => round.cpuUsPerRequest))),
      ratio_to: baseline,
      ratio: rounded(median(ratios)),
      ratio_min: rounded(Math.min(...ratios)),
      ratio_max: rounded(Math.max(...ratios)),
    };
  });
}

/** To four digits: a look-up takes half a microsecond, a miss milliseconds. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

export async function writeResults(results: readonly (Result | Figure)[]): Promise<string> {
  const directory = join(import.meta.dirname, "../../results");
  await mkdir(directory, { recursive: true });
  const path = join(directory, "latest.json");
  const written = results.map((result) =>
    "unit" in result ? { ...result, value: rounded(result.value) } : result,
  );
  await writeFile(path, `${JSON.stringify(written, undefined, 2)}\n`);
  return path;
}

/** Markdown tables: of rates, ratios first, and of what is not a rate. */
export function formatResults(results: readonly (Result | Figure)[]): string {
  const rates = results.filter((result): result is Result => !("unit" in result));
  const figures = results.filter((result) => "unit" in result);
  const tables = [
    rates.length > 0 ? rateTable(rates) : "",
    figures.length > 0 ? figureTable(figures) : "",
  ];
  return tables.filter((table) => table !== "").join("\n\n");
}

function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ scenario, system, value, unit }) => [
    scenario,
    system,
    `${rounded(value)} ${unit}`,
  ]);
  return table(["scenario", "system", "measured"], rows);
}

function rateTable(results: readonly Result[]): string {
  const head = ["scenario", "system", "ratio", "to", "req/s", "p50 ms", "p99 ms", "CPU µs/req"];
  const rows = results.map((result) => [
    result.scenario,
    result.system,
    `${result.ratio.toFixed(2)} (${result.ratio_min.toFixed(2)}–${result.ratio_max.toFixed(2)})`,
    result.ratio_to,
    String(result.requests_per_second),
    String(rounded(result.p50_ms)),
    String(rounded(result.p99_ms)),
    String(rounded(result.cpu_us_per_request)),
  ]);
  return table(head, rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
