import { writeFile } from "node:fs/promises";
import { KvringError } from "@kvring/core";
import { lineChart } from "../charts/index.ts";
import { formatBytes } from "./format.ts";

/** A point of what a policy would do at a size. */
interface Point {
  readonly policy: string;
  readonly capacity: number;
  /** From 0 to 1. */
  readonly hitRatio: number;
}

/** Hit ratios over capacities as SVG, a line for each policy. */
export function hitRatioPlot(
  title: string,
  unit: "entries" | "bytes",
  points: readonly Point[],
): string {
  const policies = [...new Set(points.map(({ policy }) => policy))];
  const lines = policies.map((label) => ({
    label,
    points: points
      .filter(({ policy }) => policy === label)
      .sort((a, b) => a.capacity - b.capacity)
      .map(({ capacity, hitRatio }) => [capacity, hitRatio] as const),
  }));
  return lineChart({
    title,
    xLabel: unit === "bytes" ? "capacity" : "capacity (entries)",
    yLabel: "hit ratio",
    lines,
    formatX: unit === "bytes" ? formatBytes : String,
  });
}

/** Throws BAD_CONFIG where no file can be written. */
export async function writePlot(path: string, svg: string): Promise<void> {
  try {
    await writeFile(path, svg);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KvringError("BAD_CONFIG", `--plot ${path} cannot be written (${why})`, {
      cause: error,
    });
  }
}
