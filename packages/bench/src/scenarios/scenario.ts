import type { Figure, Result } from "../report/summary.ts";
import type { Effort } from "../system/contest.ts";
import type { Laboratory } from "../system/laboratory.ts";

export type Scenario = (laboratory: Laboratory, effort: Effort) => Promise<(Result | Figure)[]>;
