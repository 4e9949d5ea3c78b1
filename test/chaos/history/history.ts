/**
 * What happened, as one observer saw it. All times are milliseconds of one monotonic clock, so
 * that "before" and "after" mean what they say.
 */
export interface History {
  readonly requests: readonly RequestRecord[];
  readonly computations: readonly ComputationRecord[];
  readonly changes: readonly ChangeRecord[];
  readonly invalidations: readonly InvalidationRecord[];
}

export interface RequestRecord {
  /** What was asked: equal questions have one key. */
  readonly key: string;
  /** The invalidations that concern it: "all", "model:…", "tag:…", "key:…". */
  readonly scopes: readonly string[];
  readonly gateway: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly outcome: RequestOutcome;
}

export type RequestOutcome =
  | {
      readonly kind: "answered";
      readonly source: AnswerSource;
      /** Of the data that the answer was computed from; undefined where the model has none. */
      readonly generation: number | undefined;
    }
  /** Answered, but with something else than the model computes. */
  | { readonly kind: "wrong"; readonly why: string }
  | {
      readonly kind: "failed";
      readonly reason: string;
      readonly message: string;
      /** False: the gateway never heard of it. */
      readonly wasAsked: boolean;
    };

/** Where an answer came from, as its cache status says. */
export type AnswerSource = "l1" | "node" | "stale" | "collapsed" | "computed" | "bypass";

/** A model began to compute. */
export interface ComputationRecord {
  readonly key: string;
  readonly generation: number;
  readonly atMs: number;
}

/** The data changed: what begins to be computed from now on is of this generation. */
export interface ChangeRecord {
  readonly generation: number;
  readonly atMs: number;
}

export interface InvalidationRecord {
  /** Through which it was asked for. */
  readonly gateway: string;
  readonly scope: string;
  /** Of the data when it was asked for. */
  readonly generation: number;
  readonly startMs: number;
  readonly endMs: number;
  /** When it was promised; undefined: never. */
  readonly okMs: number | undefined;
}

/** Whether an answer came from memory, and nobody had to wait for a computation. */
export function isHit({ outcome }: RequestRecord): boolean {
  return outcome.kind === "answered" && (outcome.source === "l1" || outcome.source === "node");
}
