import type { PolicyName } from "@kvring/store";
import { formatBytes, formatShare, table } from "../report/format.ts";
import { bestAt, largest, leastFor, type Point } from "./curves.ts";

/** What is planned for: a node, or a trace. */
export interface Situation {
  readonly name: string;
  readonly unit: "entries" | "bytes";
  readonly points: readonly Point[];
  /** What there is now; undefined: nothing yet. */
  readonly capacity: number | undefined;
  readonly requestsPerHour: number | undefined;
  /** What computing an answer takes, on the mean. */
  readonly meanCostMs: number | undefined;
  /** What the points rest on, in words. */
  readonly basis: string;
  /** The largest size looked at holds everything that was asked for. */
  readonly isWhole: boolean;
}

export interface Advice {
  readonly name: string;
  readonly basis: string;
  readonly unit: "entries" | "bytes";
  readonly targets: readonly {
    readonly hit_ratio: number;
    /** Null: no size that was looked at reaches it. */
    readonly policy: PolicyName | null;
    readonly capacity: number | null;
  }[];
  /** The best that any policy does with what there is, and with more. */
  readonly more: {
    readonly capacity: number;
    readonly hit_ratio: number;
    readonly added: number;
    readonly hit_ratio_then: number;
    /** Null where requests per hour or the cost of an answer are not known. */
    readonly saved_worker_seconds_per_hour: number | null;
    /** What there would be is more than the largest size looked at. */
    readonly is_beyond: boolean;
  } | null;
}

const targets = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99] as const;
const gibibyte = 1024 ** 3;

export function advise(situation: Situation): Advice {
  const { name, basis, unit, points } = situation;
  return {
    ...{ name, basis, unit },
    targets: targets.map((target) => {
      const least = leastFor(target, points);
      const { policy = null, capacity = null } = least ?? {};
      return { hit_ratio: target, policy, capacity };
    }),
    more: moreOf(situation),
  };
}

/** A gibibyte; of entries, a quarter of those there are. */
function moreOf({ capacity, unit, points, requestsPerHour, meanCostMs }: Situation) {
  if (capacity === undefined || points.length === 0) return null;
  const added = unit === "bytes" ? gibibyte : Math.ceil(capacity / 4);
  const saved =
    bestAt(capacity + added, points, "savedShare") - bestAt(capacity, points, "savedShare");
  const isKnown = requestsPerHour !== undefined && meanCostMs !== undefined;
  return {
    capacity,
    hit_ratio: bestAt(capacity, points, "hitRatio"),
    added,
    hit_ratio_then: bestAt(capacity + added, points, "hitRatio"),
    saved_worker_seconds_per_hour: isKnown ? (saved * requestsPerHour * meanCostMs) / 1_000 : null,
    is_beyond: capacity + added > largest(points),
  };
}

export function formatAdvice(advice: Advice, isWhole: boolean): string {
  const { name, basis, unit, targets: wanted, more } = advice;
  const unreached = isWhole
    ? "no size: too many keys are asked for once"
    : "more than was looked at";
  const size = (capacity: number): string =>
    unit === "bytes" ? formatBytes(capacity) : `${capacity} entries`;
  const rows = wanted.map(({ hit_ratio, policy, capacity }) => [
    formatShare(hit_ratio),
    capacity === null ? unreached : size(capacity),
    policy ?? "",
  ]);
  const lines = [`${name} (${basis})`, table(["for hits of", "at least", "with"], rows)];
  if (more === null) return lines.join("\n");
  const saved = more.saved_worker_seconds_per_hour;
  const atLeast = more.is_beyond ? " at least" : "";
  lines.push(
    `With ${size(more.capacity)}: ${formatShare(more.hit_ratio)} hits. With ${size(more.added)} more:${atLeast} ${formatShare(more.hit_ratio_then)}${
      saved === null
        ? "; what that saves needs requests per hour and milliseconds per inference"
        : `, which saves${atLeast} ${saved.toFixed(saved >= 10 ? 0 : 2)} worker-seconds per hour`
    }.`,
  );
  return lines.join("\n");
}
