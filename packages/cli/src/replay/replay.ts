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
  /** Of all, the warm-up among them. */
  #seen = 0;
  #evictionsBefore = 0;
  #requests = 0;
  #hits = 0;
  #hitBytes = 0;
  #totalBytes = 0;
  #elapsedMs = 0;

  constructor(policy: PolicyChoice, capacity: number, { unit, ttlMs, warmUp = 0 }: ReplayOptions) {
    this.#policy = policy;
    this.#capacity = capacity;
    this.#unit = unit;
    this.#warmUp = warmUp;
    this.#cache = new TraceCache({ policy, capacity, unit, ...(ttlMs !== undefined && { ttlMs }) });
  }

  take({ ids, sizes, costsMs, atMs, length }: Batch): void {
    const beganMs = performance.now();
    for (let at = 0; at < length; at++) {
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
      if (!isHit) continue;
      this.#hits += 1;
      this.#hitBytes += bytes;
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
      evictions: this.#cache.evictions - this.#evictionsBefore,
      seconds: this.#elapsedMs / 1_000,
    };
  }
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
