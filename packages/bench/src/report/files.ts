import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bar, barChart } from "@kvring/cli/charts";
import { type Figure, type Result, rounded } from "./summary.ts";
import { formatTables } from "./table.ts";

export const resultsDirectory = join(import.meta.dirname, "../../results");

/**
 * `latest.json`, its tables `latest.md`, and a plot of the ratios. What was not measured this time
 * stays as it was measured last.
 */
export async function writeResults(measured: readonly (Result | Figure)[]): Promise<void> {
  await mkdir(resultsDirectory, { recursive: true });
  const path = join(resultsDirectory, "latest.json");
  const before = existsSync(path) ? JSON.parse(await readFile(path, "utf8")) : [];
  const results = renewed(before, measured);
  const write = (name: string, text: string): Promise<void> =>
    writeFile(join(resultsDirectory, name), text);
  await write("latest.json", `${JSON.stringify(results, undefined, 2)}\n`);
  await write("latest.md", `${formatTables(results)}\n`);
  await write("throughput.svg", barChart("Requests per second, over the peer's", bars(results)));
}

/** The scenarios measured now in the place of those of the same name, new ones behind. */
export function renewed(
  before: readonly (Result | Figure)[],
  measured: readonly (Result | Figure)[],
): (Result | Figure)[] {
  const now = measured.map((result) =>
    "unit" in result ? { ...result, value: rounded(result.value) } : result,
  );
  const names = new Set([...before, ...now].map(({ scenario }) => scenario));
  return [...names].flatMap((name) => {
    const renewal = now.filter(({ scenario }) => scenario === name);
    return renewal.length > 0 ? renewal : before.filter(({ scenario }) => scenario === name);
  });
}

/** Asked at a fixed rate, whoever keeps up is at 1: what counts there are times. */
const atFixedRate = new Set(["latency", "overload", "beside-large"]);

/** Whoever is compared with itself is 1, and no bar. */
function bars(results: readonly (Result | Figure)[]): Bar[] {
  return results
    .filter((result): result is Result => !("unit" in result))
    .filter(({ system, ratio_to, ratio }) => system !== ratio_to && Number.isFinite(ratio))
    .filter(({ scenario }) => !atFixedRate.has(scenario))
    .map(({ scenario, system, ratio_to, ratio, ratio_min, ratio_max }) => ({
      label: `${scenario}: ${system} / ${ratio_to}`,
      value: ratio,
      min: ratio_min,
      max: ratio_max,
    }));
}
