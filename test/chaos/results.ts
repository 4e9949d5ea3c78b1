import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { durationsOf, type Health, quantile } from "./history/recovery.ts";
import type { Observation } from "./laboratory.ts";

/** What a results file holds. */
interface Row {
  readonly fault: string;
  readonly requests: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly wrong: number;
  readonly stale: number;
  readonly skipped: number;
  readonly invalidations: number;
  readonly invalidations_failed: number;
  readonly invalidation_p50_ms: number;
  readonly invalidation_p99_ms: number;
  readonly invalidation_max_ms: number;
  readonly recomputed_keys: number;
  readonly recomputed_most: number;
  readonly p99_recovery_ms: number;
  readonly hit_recovery_ms: number;
  readonly hit_dips: number;
  readonly duration_ms: number;
  readonly machine_lag_ms: number;
  readonly p99_ms: Phases;
  readonly hit_p99_ms: Phases;
  readonly hit_ratio: Phases;
}

interface Phases {
  readonly before: number;
  readonly during: number;
  readonly after: number;
}

const directory = join(import.meta.dirname, "results");

/** One JSON file for each fault, and the table of all that are there. */
export async function writeResult(observation: Observation): Promise<void> {
  await mkdir(directory, { recursive: true });
  const text = JSON.stringify(rowOf(observation), undefined, 2);
  await writeFile(join(directory, `${fileNameOf(observation.fault)}.json`), `${text}\n`);
  const files = (await readdir(directory)).filter((file) => file.endsWith(".json")).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), "utf8")));
  const rows = texts.map((row): Row => JSON.parse(row));
  await writeFile(join(directory, "table.md"), table(rows));
}

export function fileNameOf(fault: string): string {
  return fault
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

function rowOf(observation: Observation): Row {
  const { before, during, after, invalidations } = observation;
  const promised = durationsOf(invalidations.filter(({ okMs }) => okMs !== undefined));
  const failures: Record<string, number> = {};
  for (const { outcome } of observation.failed) {
    if (outcome.kind !== "failed") continue;
    failures[outcome.reason] = (failures[outcome.reason] ?? 0) + 1;
  }
  const phases = (read: (health: Health) => number): Phases => ({
    before: read(before),
    during: read(during),
    after: read(after),
  });
  return {
    fault: observation.fault,
    requests: observation.requests,
    failed: observation.failed.length,
    failures,
    wrong: observation.wrong.length,
    stale: observation.stale.length,
    skipped: observation.skipped,
    invalidations: invalidations.length,
    invalidations_failed: invalidations.length - promised.length,
    invalidation_p50_ms: tenths(quantile(promised, 0.5)),
    invalidation_p99_ms: tenths(quantile(promised, 0.99)),
    invalidation_max_ms: tenths(quantile(promised, 1)),
    recomputed_keys: observation.recomputedKeys,
    recomputed_most: observation.recomputedMost,
    p99_recovery_ms: observation.p99RecoveryMs,
    hit_recovery_ms: observation.hitRecoveryMs,
    hit_dips: observation.hitDips,
    duration_ms: Math.round(observation.untilMs - observation.faultMs),
    machine_lag_ms: observation.lagMs,
    p99_ms: phases(({ p99Ms }) => tenths(p99Ms)),
    hit_p99_ms: phases(({ hitP99Ms }) => tenths(hitP99Ms)),
    hit_ratio: phases(({ hitRatio }) => Math.round(hitRatio * 1000) / 1000),
  };
}

function table(rows: readonly Row[]): string {
  const head = [
    "fault",
    "requests",
    "failed",
    "stale",
    "recovery",
    "hit ratio before, during, after",
    "keys computed again",
    "invalidation: p50, max",
  ];
  const lines = rows.map((row) => [
    row.fault,
    String(row.requests),
    String(row.failed),
    String(row.stale),
    seconds(Math.max(row.p99_recovery_ms, row.hit_recovery_ms)),
    [row.hit_ratio.before, row.hit_ratio.during, row.hit_ratio.after].map(percent).join(", "),
    String(row.recomputed_keys),
    `${row.invalidation_p50_ms}, ${row.invalidation_max_ms} ms`,
  ]);
  const rule = head.map((_, column) => (column === 0 ? "---" : "--:"));
  return `${[head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function seconds(durationMs: number): string {
  return durationMs === 0 ? "not noticed" : `≤ ${durationMs / 1000} s`;
}
