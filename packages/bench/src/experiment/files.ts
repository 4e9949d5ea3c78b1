import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { resultsDirectory } from "../report/files.ts";
import type { Experiment } from "./experiment.ts";
import { hitPlots, timePlot } from "./plots.ts";
import { formatReport } from "./report.ts";

export const experimentDirectory = join(resultsDirectory, "experiment");

/** `results.json`, the report, and its plots. */
export async function writeExperiment(experiment: Experiment): Promise<void> {
  await mkdir(experimentDirectory, { recursive: true });
  const write = (name: string, text: string): Promise<void> =>
    writeFile(join(experimentDirectory, name), text);
  const rounded = (_: string, value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(6)) : value;
  await write("results.json", `${JSON.stringify(experiment, rounded, 2)}\n`);
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), Node ${process.versions.node}`;
  await write("report.md", formatReport(experiment, machine));
  for (const [name, svg] of hitPlots(experiment)) await write(name, svg);
  await write("times.svg", timePlot(experiment));
}
