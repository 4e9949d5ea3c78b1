import type { Position } from "@kvring/core";
import { protocolRules, type Rules } from "./rules.ts";

/** What a worker does with a job that it was given. */
export type Verdict =
  | "compute"
  /** It has not read as far as who asked: what the answer is computed from may be older. */
  | "wait"
  /** It holds another artifact than the job names: somebody else may hold the right one. */
  | "refuse";

/**
 * A worker's part in the protocol. It follows the log like a gateway, with `Reading`; `applied` is
 * its place. What it computes keeps the `born` of the job: an answer is as old as its question.
 */
export function verdict(
  job: { readonly born: Position; readonly holdsArtifact: boolean },
  applied: Position,
  rules: Rules = protocolRules,
): Verdict {
  if (!rules.fitsArtifact(job.holdsArtifact)) return "refuse";
  return rules.mayCompute(applied, job.born) ? "compute" : "wait";
}
