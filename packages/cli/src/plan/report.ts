import type { PolicyName } from "@kvring/store";
import { formatBytes, formatShare, table } from "../report/format.ts";
import { bestAt, type Choice, largest, leastFor, type Point, shareAt } from "./curves.ts";
import { addedTo, targets } from "./targets.ts";

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
    /** What workers still compute then. Null also where the load is not known. */
    readonly worker_seconds_per_hour: number | null;
    /** And what they compute less with more of it, as below. */
    readonly more_saves_worker_seconds_per_hour: number | null;
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

export function advise(situation: Situation): Advice {
  const { name, basis, unit, points, isWhole } = situation;
  return {
    ...{ name, basis, unit },
    targets: targets.map((target) => {
      const least = leastFor(target, points, isWhole ? "leaps" : "line");
      const { policy = null, capacity = null } = least ?? {};
      return { hit_ratio: target, policy, capacity, ...computingAt(least, situation) };
    }),
    more: moreOf(situation),
  };
}

/** What workers would compute if nothing were remembered. */
function secondsPerHour({ requestsPerHour, meanCostMs }: Situation): number | undefined {
  if (requestsPerHour === undefined || meanCostMs === undefined) return undefined;
  return (requestsPerHour * meanCostMs) / 1_000;
}

function computingAt(choice: Choice | undefined, situation: Situation) {
  const { points, unit } = situation;
  const all = secondsPerHour(situation);
  if (choice === undefined || all === undefined) {
    return { worker_seconds_per_hour: null, more_saves_worker_seconds_per_hour: null };
  }
  const { policy, capacity } = choice;
  const larger = { policy, capacity: capacity + addedTo(capacity, unit) };
  const saved = shareAt(choice, points, "savedShare");
  const more = Math.max(0, shareAt(larger, points, "savedShare") - saved);
  return {
    worker_seconds_per_hour: all * (1 - saved),
    more_saves_worker_seconds_per_hour: all * more,
  };
}

/** With all that there is now, and more. */
function moreOf(situation: Situation) {
  const { capacity, unit, points } = situation;
  if (capacity === undefined || points.length === 0) return null;
  const added = addedTo(capacity, unit);
  const saved =
    bestAt(capacity + added, points, "savedShare") - bestAt(capacity, points, "savedShare");
  const all = secondsPerHour(situation);
  return {
    capacity,
    hit_ratio: bestAt(capacity, points, "hitRatio"),
    added,
    hit_ratio_then: bestAt(capacity + added, points, "hitRatio"),
    saved_worker_seconds_per_hour: all === undefined ? null : saved * all,
    is_beyond: capacity + added > largest(points),
  };
}

const needsLoad =
  "needs requests per hour and milliseconds per inference: --requests-per-hour, --inference-ms";

export function formatAdvice(advice: Advice, isWhole: boolean): string {
  const { name, basis, unit, targets: wanted, more } = advice;
  const unreached = isWhole
    ? "no size: too many keys are asked for once"
    : "more than was looked at";
  const size = (capacity: number): string =>
    unit === "bytes" ? formatBytes(capacity) : `${capacity} entries`;
  const isLoadKnown = wanted.some((row) => row.worker_seconds_per_hour !== null);
  const rows = wanted.map((row) => [
    formatShare(row.hit_ratio),
    row.capacity === null ? unreached : size(row.capacity),
    row.policy ?? "",
    ...(isLoadKnown
      ? [row.worker_seconds_per_hour, row.more_saves_worker_seconds_per_hour].map(formatSeconds)
      : []),
  ]);
  const moreSaves = `${unit === "bytes" ? "1 GiB" : "25 %"} more saves`;
  const computing = isLoadKnown ? ["workers compute", moreSaves] : [];
  const head = ["for hits of", "at least", "with", ...computing];
  const lines = [`${name} (${basis})`, table(head, rows)];
  if (more === null && !isLoadKnown) lines.push(`What memory saves ${needsLoad}.`);
  if (more === null) return lines.join("\n");
  const saved = more.saved_worker_seconds_per_hour;
  const atLeast = more.is_beyond ? " at least" : "";
  lines.push(
    `With ${size(more.capacity)}: ${formatShare(more.hit_ratio)} hits. With ${size(more.added)} more:${atLeast} ${formatShare(more.hit_ratio_then)}${
      saved === null
        ? `; what that saves ${needsLoad}`
        : `, which saves${atLeast} ${saved.toFixed(saved >= 10 ? 0 : 2)} worker-seconds per hour`
    }.`,
  );
  return lines.join("\n");
}

/** Of workers, per hour. */
function formatSeconds(seconds: number | null): string {
  return seconds === null ? "" : `${seconds.toFixed(seconds >= 10 ? 0 : 2)} s/h`;
}
