import { KvringError } from "@kvring/core";
import { type PolicyChoice, TraceCache } from "@kvring/store";
import type { Batch } from "./batch.ts";
import { readTrace } from "./trace-file.ts";
import type { FormatName, TraceFormat } from "./trace-format.ts";

export interface ReplayOptions {
  readonly file: string;
  readonly format: FormatName;
  readonly policies: readonly PolicyChoice[];
  readonly unit: "entries" | "bytes";
  readonly capacities: readonly number[];
  readonly ttlMs: number | undefined;
  /** Requests that are replayed and not counted, so that a full cache is measured; default 0. */
  readonly warmUp?: number;
  /** Of keys, those that are looked at, > 0 and at most 1; capacities are of the sample. Default 1. */
  readonly sampledShare?: number;
  /** Told after every batch, in bytes of the file. */
  readonly progress?: (readBytes: number, totalBytes: number) => void;
}

export interface ReplayResult {
  readonly policy: PolicyChoice;
  readonly capacity: number;
  readonly requests: number;
  readonly hits: number;
  readonly hitBytes: number;
  readonly totalBytes: number;
  /** What computing would take: of hits, and of all requests. */
  readonly hitCostMs: number;
  readonly totalCostMs: number;
  readonly evictions: number;
  /** What this cache took; reading the trace is shared, and not in it. */
  readonly seconds: number;
}

/** Feeds a trace, read once, to a cache per policy and capacity. */
export async function replay(options: ReplayOptions): Promise<ReplayResult[]> {
  const { capacities, policies } = options;
  const runs = policies.flatMap((policy) =>
    capacities.map((capacity) => new Run(policy, capacity, options)),
  );
  const { format, batches, totalBytes, readBytes } = await readTrace(options.file, options.format);
  for await (const batch of batches) {
    checkAnswerable(format, options);
    for (const run of runs) run.take(batch);
    options.progress?.(readBytes(), totalBytes);
  }
  return runs.map((run) => run.result());
}

/** One cache, and what it counted. */
class Run {
  readonly #policy: PolicyChoice;
  readonly #capacity: number;
  readonly #unit: "entries" | "bytes";
  readonly #cache: TraceCache;
  readonly #warmUp: number;
  /** Keys with a hash below are looked at. */
  readonly #threshold: number;
  /** Of all, the warm-up among them. */
  #seen = 0;
  #evictionsBefore = 0;
  #requests = 0;
  #hits = 0;
  #hitBytes = 0;
  #totalBytes = 0;
  #hitCostMs = 0;
  #totalCostMs = 0;
  #elapsedMs = 0;

  constructor(policy: PolicyChoice, capacity: number, options: ReplayOptions) {
    const { unit, ttlMs, warmUp = 0, sampledShare = 1 } = options;
    this.#threshold = sampledShare * 2 ** 32;
    this.#policy = policy;
    this.#capacity = capacity;
    this.#unit = unit;
    this.#warmUp = warmUp;
    this.#cache = new TraceCache({ policy, capacity, unit, ...(ttlMs !== undefined && { ttlMs }) });
  }

  take({ ids, sizes, costsMs, atMs, length }: Batch): void {
    const beganMs = performance.now();
    for (let at = 0; at < length; at++) {
      if (this.#threshold < 2 ** 32 && scattered(ids[at] as number) >= this.#threshold) continue;
      const bytes = sizes[at] as number;
      const isHit = this.#cache.request({
        id: ids[at] as number,
        size: this.#unit === "bytes" ? bytes : 1,
        costMs: costsMs[at] as number,
        atMs: atMs[at] as number,
      });
      this.#seen += 1;
      if (this.#seen <= this.#warmUp) {
        this.#evictionsBefore = this.#cache.evictions;
        continue;
      }
      this.#requests += 1;
      this.#totalBytes += bytes;
      this.#totalCostMs += costsMs[at] as number;
      if (!isHit) continue;
      this.#hits += 1;
      this.#hitBytes += bytes;
      this.#hitCostMs += costsMs[at] as number;
    }
    this.#elapsedMs += performance.now() - beganMs;
  }

  result(): ReplayResult {
    return {
      policy: this.#policy,
      capacity: this.#capacity,
      requests: this.#requests,
      hits: this.#hits,
      hitBytes: this.#hitBytes,
      totalBytes: this.#totalBytes,
      hitCostMs: this.#hitCostMs,
      totalCostMs: this.#totalCostMs,
      evictions: this.#cache.evictions - this.#evictionsBefore,
      seconds: this.#elapsedMs / 1_000,
    };
  }
}

/** A hash of 32 bits of a number; the order of first appearance must not decide who is looked at. */
function scattered(id: number): number {
  let hash = Math.imul(id ^ (id >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** What was asked must be in the trace; of a CSV that is known after its first line. */
function checkAnswerable(format: TraceFormat, { unit, ttlMs }: ReplayOptions): void {
  if (unit === "bytes" && !format.hasSizes) {
    throw new KvringError("BAD_CONFIG", "the trace has no sizes: use --capacity-entries");
  }
  if (ttlMs !== undefined && !format.hasTimes) {
    throw new KvringError("BAD_CONFIG", "the trace has no times: --ttl means nothing there");
  }
}
