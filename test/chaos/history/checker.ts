import type { History, InvalidationRecord, RequestRecord } from "./history.ts";

/**
 * Judges a history after the fact, in the manner of Jepsen: the clients only write down what they
 * saw, and whether it could have happened in a correct system is decided here, by nothing but the
 * record.
 */
export interface Judgement {
  /** Answers older than an invalidation that was promised before they were asked for. */
  readonly stale: readonly StaleAnswer[];
  /** Answers from data that did not exist when they arrived: the observer itself is broken. */
  readonly impossible: readonly RequestRecord[];
  readonly wrong: readonly RequestRecord[];
  readonly failed: readonly RequestRecord[];
  /** Keys that were computed more often than their invalidations explain. */
  readonly recomputed: readonly Recomputation[];
}

export interface StaleAnswer {
  readonly request: RequestRecord;
  readonly generation: number;
  /** The invalidation that forbade it. */
  readonly invalidation: InvalidationRecord;
}

interface Recomputation {
  readonly key: string;
  readonly computations: number;
  /** Computations beyond the first and one for each invalidation of the key. */
  readonly excess: number;
}

export function judge(history: History): Judgement {
  const { requests } = history;
  return {
    stale: staleAnswers(history),
    impossible: impossibleAnswers(history),
    wrong: requests.filter(({ outcome }) => outcome.kind === "wrong"),
    failed: requests.filter(({ outcome }) => outcome.kind === "failed"),
    recomputed: recomputations(history),
  };
}

/**
 * An invalidation forbids, to every request that starts after its OK, what was computed from older
 * data. A request that starts before may get either: nothing was promised yet.
 */
function staleAnswers({ requests, invalidations }: History): StaleAnswer[] {
  const promised = invalidations
    .flatMap((invalidation) => {
      const { okMs } = invalidation;
      return okMs === undefined ? [] : [{ invalidation, okMs }];
    })
    .sort((a, b) => a.okMs - b.okMs);
  const byStart = [...requests].sort((a, b) => a.startMs - b.startMs);
  const strictest = new Map<string, InvalidationRecord>();
  const stale: StaleAnswer[] = [];
  let next = 0;
  for (const request of byStart) {
    for (; next < promised.length; next += 1) {
      const promise = promised[next];
      if (promise === undefined || promise.okMs >= request.startMs) break;
      const { scope, generation } = promise.invalidation;
      // Of two invalidations the later promised need not be the one of newer data.
      if (generation >= (strictest.get(scope)?.generation ?? 0)) {
        strictest.set(scope, promise.invalidation);
      }
    }
    const { outcome } = request;
    if (outcome.kind !== "answered" || outcome.generation === undefined) continue;
    const { generation } = outcome;
    const invalidation = request.scopes
      .flatMap((scope) => strictest.get(scope) ?? [])
      .find((candidate) => candidate.generation > generation);
    if (invalidation !== undefined) stale.push({ request, generation, invalidation });
  }
  return stale;
}

function impossibleAnswers({ requests, changes }: History): RequestRecord[] {
  const since = new Map(changes.map(({ generation, atMs }) => [generation, atMs]));
  return requests.filter(({ outcome, endMs }) => {
    if (outcome.kind !== "answered" || outcome.generation === undefined) return false;
    const bornMs = since.get(outcome.generation);
    return bornMs === undefined || bornMs > endMs;
  });
}

function recomputations({ requests, computations, invalidations }: History): Recomputation[] {
  const counts = new Map<string, number>();
  for (const { key } of computations) counts.set(key, (counts.get(key) ?? 0) + 1);
  const scopesOf = new Map(requests.map(({ key, scopes }) => [key, scopes]));
  return [...counts].flatMap(([key, count]) => {
    const scopes = scopesOf.get(key) ?? [];
    // Also one that was not promised: it may have been carried out all the same.
    const explained = invalidations.filter(({ scope }) => scopes.includes(scope)).length;
    const excess = count - 1 - explained;
    return excess > 0 ? [{ key, computations: count, excess }] : [];
  });
}
