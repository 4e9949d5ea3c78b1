import type { Load } from "../load/load.ts";
import { median } from "../load/quantile.ts";

/** One system in one scenario: medians over the rounds. */
export interface Result {
  readonly scenario: string;
  readonly system: string;
  readonly requests_per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly cpu_us_per_request: number;
  /** Resident, of all its processes; where it was measured. */
  readonly memory_mb?: number;
  readonly ratio_to: string;
  /** Requests per second over those of `ratio_to`, round by round; the median. */
  readonly ratio: number;
  readonly ratio_min: number;
  readonly ratio_max: number;
  /** CPU time of a request of `ratio_to` over ours, the median: a busy machine moves it less. */
  readonly cpu_ratio: number;
  /** What else is worth knowing, in words. */
  readonly note?: string;
}

/** What is not a rate: a pause, a number of bytes. */
export interface Figure {
  readonly scenario: string;
  readonly system: string;
  readonly value: number;
  readonly unit: string;
}

export interface Usage {
  readonly cpuUsPerRequest: number;
  /** Resident. */
  readonly memoryMb?: number;
}

export type Round = Omit<Load, "requests"> & Usage;

/** Rounds are paired: the n-th of one system ran right beside the n-th of the other. */
export function summarize(
  scenario: string,
  systems: ReadonlyMap<string, readonly Round[]>,
  baseline: string,
): Result[] {
  const base = systems.get(baseline) ?? [];
  return [...systems].map(([system, rounds]) => {
    const ratios = rounds.map(
      (round, index) => round.requestsPerSecond / (base[index]?.requestsPerSecond ?? Number.NaN),
    );
    const cpuRatios = rounds.map(
      (round, index) => (base[index]?.cpuUsPerRequest ?? Number.NaN) / round.cpuUsPerRequest,
    );
    const middle = (read: (round: Round) => number): number => rounded(median(rounds.map(read)));
    return {
      scenario,
      system,
      requests_per_second: middle((round) => round.requestsPerSecond),
      p50_ms: middle((round) => round.p50Ms),
      p99_ms: middle((round) => round.p99Ms),
      cpu_us_per_request: middle((round) => round.cpuUsPerRequest),
      ...memoryOf(rounds),
      ratio_to: baseline,
      ratio: rounded(median(ratios)),
      ratio_min: rounded(Math.min(...ratios)),
      ratio_max: rounded(Math.max(...ratios)),
      cpu_ratio: rounded(median(cpuRatios)),
    };
  });
}

function memoryOf(rounds: readonly Round[]): Pick<Result, "memory_mb"> {
  const memory = rounds.flatMap(({ memoryMb }) => (memoryMb === undefined ? [] : [memoryMb]));
  return memory.length === 0 ? {} : { memory_mb: Math.round(median(memory)) };
}

/** To four digits: a look-up takes half a microsecond, a miss milliseconds. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
