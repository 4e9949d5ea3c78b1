import { KvringError } from "@kvring/core";
import { readTrace } from "../replay/trace-file.ts";
import type { FormatName } from "../replay/trace-format.ts";

/** What a trace is like, before any cache sees it. */
export interface Survey {
  readonly requests: number;
  readonly keys: number;
  /** Bytes where the trace has sizes. */
  readonly unit: "entries" | "bytes";
  /** What holds all keys, each with the largest size it came with. */
  readonly whole: number;
  /** By the trace's own clock; undefined where it has none, or where it stands still. */
  readonly requestsPerHour: number | undefined;
  /** What computing every answer would take, in the trace's unit. */
  readonly costMs: number;
  /** What computing an answer takes; undefined where the trace does not tell. */
  readonly meanCostMs: number | undefined;
}

/** Fewer requests say more about chance than about a cache. */
const leastRequests = 100;

/**
 * Reads the whole trace. Throws BAD_CONFIG where it is too short to tell anything, and what
 * `readTrace` throws.
 */
export async function surveyTrace(file: string, formatName: FormatName): Promise<Survey> {
  const { format, batches } = await readTrace(file, formatName);
  /** By id. */
  const sizes: number[] = [];
  let [requests, costMs] = [0, 0];
  let [firstMs, lastMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for await (const batch of batches) {
    for (let row = 0; row < batch.length; row++) {
      const id = batch.ids[row] as number;
      sizes[id] = Math.max(sizes[id] ?? 0, batch.sizes[row] as number);
      costMs += batch.costsMs[row] as number;
      const atMs = batch.atMs[row] as number;
      firstMs = Math.min(firstMs, atMs);
      lastMs = Math.max(lastMs, atMs);
    }
    requests += batch.length;
  }
  checkTelling(file, requests, sizes.length);
  const hours = (lastMs - firstMs) / 3_600_000;
  return {
    requests,
    keys: sizes.length,
    unit: format.hasSizes ? "bytes" : "entries",
    // Where there are no sizes each is 1.
    whole: sizes.reduce((sum, size) => sum + size, 0),
    // The first one begins the time that is measured.
    requestsPerHour: format.hasTimes && hours > 0 ? (requests - 1) / hours : undefined,
    costMs,
    meanCostMs: format.hasCosts ? costMs / requests : undefined,
  };
}

function checkTelling(file: string, requests: number, keys: number): void {
  if (requests < leastRequests) {
    throw new KvringError(
      "BAD_CONFIG",
      `${file} has ${requests} requests, and fewer than ${leastRequests} tell nothing: record a longer trace`,
    );
  }
  if (keys === requests) {
    throw new KvringError(
      "BAD_CONFIG",
      `nothing in ${file} is asked for twice, so no cache of any size would hit: record a longer trace`,
    );
  }
}
