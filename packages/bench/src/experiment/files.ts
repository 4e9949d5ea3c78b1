import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resultsDirectory } from "../report/files.ts";
import type { Outcome } from "./checks.ts";

export interface Experiment {
  readonly outcomes: readonly Outcome[];
  /** Distinct digits. */
  readonly items: number;
  readonly seed: number;
  readonly seconds: number;
  readonly violations: readonly string[];
}

export const experimentDirectory = join(resultsDirectory, "experiment");

export async function writeExperiment(experiment: Experiment): Promise<void> {
  await mkdir(experimentDirectory, { recursive: true });
  const json = JSON.stringify(experiment, undefined, 2);
  await writeFile(join(experimentDirectory, "results.json"), `${json}\n`);
}
