import type { WorkerRecord } from "@kvring/bus";

/** What a live worker found in its repository and does not serve. */
export interface RefusedModel {
  readonly workerId: string;
  readonly model: string;
  /** Empty: the whole model. */
  readonly version: string;
  readonly reason: string;
}

/** A description has to fit a message, and a sentence a header. */
const mostRefusals = 1_000;
const longestReason = 300;

/** In the order of workers and models. */
export function refusedModels(workers: Iterable<WorkerRecord>): readonly RefusedModel[] {
  const refused: RefusedModel[] = [];
  for (const { id, rejected } of [...workers].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    for (const { name, version, reason } of rejected) {
      if (refused.length === mostRefusals) return refused;
      refused.push({ workerId: id, model: name, version, reason: shortened(reason) });
    }
  }
  return refused;
}

/** Why a model that somebody asks for is not there, if a worker refused it. */
export function whyRefused(
  refused: readonly RefusedModel[],
  model: string,
  version: string,
): RefusedModel | undefined {
  return refused.find(
    (one) =>
      one.model === model && (version === "" || one.version === "" || one.version === version),
  );
}

function shortened(reason: string): string {
  return reason.length > longestReason ? `${reason.slice(0, longestReason)}…` : reason;
}
