import { KvringError } from "@kvring/core";
import { isSampled, type PolicyChoice, TraceCache } from "@kvring/store";
import type { Batch } from "./batch.ts";
import { readTrace } from "./trace-file.ts";
import type { FormatName, TraceFormat } from "./trace-format.ts";

/** One cache of a replay. */
export interface CacheChoice {
  readonly policy: PolicyChoice;
  readonly capacity: number;
}

interface TraceOptions {
  readonly file: string;
  readonly format: FormatName;
  readonly unit: "entries" | "bytes";
  readonly ttlMs?: number | undefined;
  /** Whether counts of `lfu` age. */
  readonly lfuAges?: boolean;
  /** Requests that are replayed and not counted, so that a full cache is measured; default 0. */
  readonly warmUp?: number;
  /** Of keys, those that are looked at, > 0 and at most 1; capacities are of the sample. Default 1. */
  readonly sampledShare?: number;
  /** Told after every batch, in bytes of the file. */
  readonly progress?: (readBytes: number, totalBytes: number) => void;
}

export interface ReplayOptions extends TraceOptions {
  readonly policies: readonly PolicyChoice[];
  readonly capacities: readonly number[];
}

export interface ReplayResult {
  readonly policy: PolicyChoice;
  readonly capacity: number;
  readonly requests: number;
  readonly hits: number;
  readonly hitBytes: number;
  readonly totalBytes: number;
  /** What computing what was missed takes, in the trace's unit. */
  readonly missedCostMs: number;
  readonly evictions: number;
  /** What this cache took; reading the trace is shared, and not in it. */
  readonly seconds: number;
}

/** Feeds a trace, read once, to a cache per policy and capacity. */
export function replay(options: ReplayOptions): Promise<ReplayResult[]> {
  const { capacities, policies } = options;
  const caches = policies.flatMap((policy) => capacities.map((capacity) => ({ policy, capacity })));
  return replayCaches(caches, options);
}

/** To these caches; results are in their order. */
export async function replayCaches(
  caches: readonly CacheChoice[],
  options: TraceOptions,
): Promise<ReplayResult[]> {
  const { sampledShare = 1, progress } = options;
  const runs = caches.map((cache) => new Run(cache, options));
  const { format, batches, totalBytes, readBytes } = await readTrace(options.file, options.format);
  const numbers = new Map<number, number>();
  for await (const batch of batches) {
    checkAnswerable(format, options);
    if (sampledShare < 1) batch.sift((id) => sampledNumber(id, sampledShare, numbers));
    for (const run of runs) run.take(batch);
    progress?.(readBytes(), totalBytes);
  }
  return runs.map((run) => run.result());
}

/** Dense, as ids are an index of memory in every cache; undefined for who is not looked at. */
function sampledNumber(
  id: number,
  share: number,
  numbers: Map<number, number>,
): number | undefined {
  const known = numbers.get(id);
  if (known !== undefined || !isSampled(id, share)) return known;
  numbers.set(id, numbers.size);
  return numbers.size - 1;
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
  #missedCostMs = 0;
  #elapsedMs = 0;

  constructor({ policy, capacity }: CacheChoice, options: TraceOptions) {
    const { unit, ttlMs, lfuAges = false, warmUp = 0 } = options;
    this.#policy = policy;
    this.#capacity = capacity;
    this.#unit = unit;
    this.#warmUp = warmUp;
    this.#cache = new TraceCache({
      policy,
      capacity,
      unit,
      lfuAges,
      ...(ttlMs !== undefined && { ttlMs }),
    });
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
      if (!isHit) {
        this.#missedCostMs += costsMs[at] as number;
        continue;
      }
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
      missedCostMs: this.#missedCostMs,
      evictions: this.#cache.evictions - this.#evictionsBefore,
      seconds: this.#elapsedMs / 1_000,
    };
  }
}

/** What was asked must be in the trace; of a CSV that is known after its first line. */
function checkAnswerable(format: TraceFormat, { unit, ttlMs }: TraceOptions): void {
  if (unit === "bytes" && !format.hasSizes) {
    throw new KvringError("BAD_CONFIG", "the trace has no sizes: use --capacity-entries");
  }
  if (ttlMs !== undefined && !format.hasTimes) {
    throw new KvringError("BAD_CONFIG", "the trace has no times: --ttl means nothing there");
  }
}
