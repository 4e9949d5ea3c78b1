import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StaleAnswer } from "./history/checker.ts";
import type { InvalidationRecord, RequestRecord } from "./history/history.ts";
import { durationsOf, type Health, quantile } from "./history/recovery.ts";

/** What an experiment found; durations in milliseconds. */
export interface Finding {
  readonly fault: string;
  readonly requests: number;
  readonly failed: readonly RequestRecord[];
  /** Answers that no model gives to the question. */
  readonly wrong: readonly RequestRecord[];
  /** Answers that cannot have been: not zero means that the observer is broken. */
  readonly impossible: readonly RequestRecord[];
  readonly stale: readonly StaleAnswer[];
  /** Asked for meanwhile, whether promised or not. */
  readonly invalidations: readonly InvalidationRecord[];
  /** Questions that were never asked, for want of a gateway. */
  readonly skipped: number;
  /** Keys that were computed again without an invalidation, and how often at the most. */
  readonly recomputedKeys: number;
  readonly recomputedMost: number;
  /** From the fault until p99 stays within three times the baseline, and nothing fails. */
  readonly p99RecoveryMs: number;
  /** From the fault until the hit ratio stays near the baseline. */
  readonly hitRecoveryMs: number;
  /** From the fault to the end of the experiment. */
  readonly durationMs: number;
  /** By the clock of the records. */
  readonly faultMs: number;
  readonly before: Health;
  readonly during: Health;
  /** In the last two seconds. */
  readonly after: Health;
}

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
  readonly invalidation_max_ms: number;
  readonly recomputed_keys: number;
  readonly recomputed_most: number;
  readonly p99_recovery_ms: number;
  readonly hit_recovery_ms: number;
  readonly duration_ms: number;
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
export async function writeFinding(finding: Finding): Promise<void> {
  await mkdir(directory, { recursive: true });
  const text = JSON.stringify(rowOf(finding), undefined, 2);
  await writeFile(join(directory, `${fileNameOf(finding.fault)}.json`), `${text}\n`);
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

function rowOf(finding: Finding): Row {
  const { before, during, after, invalidations } = finding;
  const promised = durationsOf(invalidations.filter(({ okMs }) => okMs !== undefined));
  const failures: Record<string, number> = {};
  for (const { outcome } of finding.failed) {
    if (outcome.kind !== "failed") continue;
    failures[outcome.reason] = (failures[outcome.reason] ?? 0) + 1;
  }
  const phases = (read: (health: Health) => number): Phases => ({
    before: read(before),
    during: read(during),
    after: read(after),
  });
  return {
    fault: finding.fault,
    requests: finding.requests,
    failed: finding.failed.length,
    failures,
    wrong: finding.wrong.length,
    stale: finding.stale.length,
    skipped: finding.skipped,
    invalidations: invalidations.length,
    invalidations_failed: invalidations.length - promised.length,
    invalidation_p50_ms: tenths(quantile(promised, 0.5)),
    invalidation_max_ms: tenths(quantile(promised, 1)),
    recomputed_keys: finding.recomputedKeys,
    recomputed_most: finding.recomputedMost,
    p99_recovery_ms: finding.p99RecoveryMs,
    hit_recovery_ms: finding.hitRecoveryMs,
    duration_ms: Math.round(finding.durationMs),
    p99_ms: phases(({ p99Ms }) => tenths(p99Ms)),
    hit_p99_ms: phases(({ hitP99Ms }) => tenths(hitP99Ms)),
    hit_ratio: phases(({ hitRatio }) => Math.round(hitRatio * 1000) / 1000),
  };
}

function table(rows: readonly Row[]): string {
  const head = ["fault", "requests", "failed", "stale", "recovery", "hit ratio", "recomputed keys"];
  const lines = rows.map((row) => [
    row.fault,
    String(row.requests),
    String(row.failed),
    String(row.stale),
    seconds(Math.max(row.p99_recovery_ms, row.hit_recovery_ms)),
    `${row.hit_ratio.before} → ${row.hit_ratio.during} → ${row.hit_ratio.after}`,
    String(row.recomputed_keys),
  ]);
  const rule = head.map((_, column) => (column === 0 ? "---" : "--:"));
  return `${[head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function seconds(durationMs: number): string {
  return durationMs === 0 ? "not noticed" : `≤ ${durationMs / 1000} s`;
}
