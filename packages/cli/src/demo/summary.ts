import { formatBytes, formatMs, formatShare, table } from "../report/format.ts";
import type { AnswerBook } from "./answers.ts";
import type { DigitsRun } from "./digits-run.ts";

export interface DemoResult {
  readonly digits: DigitsRun;
  readonly burn: AnswerBook;
  /** Inferences that the worker ran for the digits, as it counted them itself. */
  readonly computations: number;
  readonly usedBytes: number;
  readonly capacityBytes: number;
  readonly seconds: number;
}

/** One flat object, with the names that scripts rely on. */
export function summaryJson(result: DemoResult): object {
  const { digits, burn } = result;
  const { book } = digits;
  const { compared, different } = book.identity;
  const rounded = (ms: number): number => Number(ms.toFixed(4));
  const burnHit = burn.quantile("hit", 0.5);
  const burnMiss = burn.quantile("miss", 0.5);
  return {
    requests: book.requests,
    distinct_requests: digits.distinct,
    hit_ratio: book.hitRatio,
    hits_l1: book.counts.l1,
    hits_node: book.counts.node,
    coalesced: book.counts.collapsed,
    misses: book.counts.computed,
    computations: result.computations,
    accuracy: digits.accuracy,
    identical: different === 0 && burn.identity.different === 0,
    compared_answers: compared + burn.identity.compared,
    hit_p50_ms: rounded(book.quantile("hit", 0.5)),
    hit_p99_ms: rounded(book.quantile("hit", 0.99)),
    miss_p50_ms: rounded(book.quantile("miss", 0.5)),
    miss_p99_ms: rounded(book.quantile("miss", 0.99)),
    used_bytes: result.usedBytes,
    capacity_bytes: result.capacityBytes,
    seconds: rounded(result.seconds),
    expensive_hit_p50_ms: rounded(burnHit),
    expensive_miss_p50_ms: rounded(burnMiss),
    expensive_saving: rounded(burnMiss / burnHit),
  };
}

export function summaryText(result: DemoResult, inferenceMs: number): string {
  const { digits, burn } = result;
  const { book } = digits;
  const { compared, different } = book.identity;
  const share = (count: number): string => formatShare(count / book.requests);
  const rows = [
    ["requests", `${book.requests} for ${digits.distinct} digits, ${result.seconds.toFixed(1)} s`],
    ["hit ratio", formatShare(book.hitRatio)],
    ["  from the gateway (L1)", `${book.counts.l1} (${share(book.counts.l1)})`],
    ["  from a cache node", `${book.counts.node} (${share(book.counts.node)})`],
    ["joined a computation", String(book.counts.collapsed)],
    ["computations", `${result.computations} (${book.counts.computed} misses)`],
    ["accuracy", formatShare(digits.accuracy)],
    ["answers compared bit for bit", `${compared}, ${different} differ`],
    ["hit p50 / p99", latencies(book, "hit")],
    ["miss p50 / p99", latencies(book, "miss")],
    ["memory", `${formatBytes(result.usedBytes)} of ${formatBytes(result.capacityBytes)}`],
  ];
  const saving = burn.quantile("miss", 0.5) / burn.quantile("hit", 0.5);
  return [
    table(["real digits, Zipf popularity", ""], rows),
    "",
    `One inference of this model takes ${formatMs(inferenceMs)} inside ONNX Runtime, less than any`,
    "network hop: for a model this small a hit costs more than computing it on the spot would. Its",
    "stream shows what is remembered. What a hit saves shows a model that costs something:",
    "",
    table(
      ["the expensive fixture", ""],
      [
        ["miss p50 / p99", latencies(burn, "miss")],
        ["hit p50 / p99", latencies(burn, "hit")],
        ["a hit is faster by", `${saving.toFixed(0)} ×`],
        ["answers compared", `${burn.identity.compared}, ${burn.identity.different} differ`],
      ],
    ),
  ].join("\n");
}

function latencies(book: AnswerBook, kind: "hit" | "miss"): string {
  return `${formatMs(book.quantile(kind, 0.5))} / ${formatMs(book.quantile(kind, 0.99))}`;
}
