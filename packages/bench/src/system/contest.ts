import type { Load } from "../load/load.ts";
import { type Result, type Round, summarize, type Usage } from "../report/summary.ts";
import { cpuMs, memoryMb } from "./usage.ts";

/** Somebody who takes part in a scenario. */
export interface Contestant {
  readonly system: string;
  /** Whose CPU time and memory count; empty: this very process. */
  readonly pids: readonly number[];
  /** A burst that knows better whose CPU time and memory count says so. */
  readonly burst: () => Promise<Load & Partial<Usage>>;
  /** One more burst before the first that counts; default: as `burst`. */
  readonly warmUp?: () => Promise<unknown>;
}

/** How much is measured: a whole run, or a quick look. */
export interface Effort {
  readonly rounds: number;
  /** Of the requests of a burst. */
  readonly share: number;
}

/**
 * All contestants in turn, A B C A B C: what the machine does meanwhile happens to all of them, and
 * a ratio is taken within a round. The first one is what the others are compared with.
 */
export async function contest(
  scenario: string,
  effort: Effort,
  contestants: readonly Contestant[],
): Promise<Result[]> {
  const measured = new Map<string, Round[]>(contestants.map(({ system }) => [system, []]));
  for (const { warmUp, burst } of contestants) await (warmUp ?? burst)();
  for (let round = 0; round < effort.rounds; round += 1) {
    for (const { system, pids, burst } of contestants) {
      const whose = pids.length === 0 ? [process.pid] : pids;
      const before = cpuMs(whose);
      const load = await burst();
      measured.get(system)?.push({
        cpuUsPerRequest: ((cpuMs(whose) - before) * 1000) / load.requests,
        memoryMb: memoryMb(whose),
        ...load,
      });
    }
  }
  return summarize(scenario, measured, contestants[0]?.system ?? "");
}
