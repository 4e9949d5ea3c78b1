import type { Checkpoint, LogRecord } from "./records.ts";
import type { Rules } from "./rules.ts";
import type { LeaseTerms } from "./terms.ts";

/** What the log says about its own present life. */
export interface Life {
  readonly epoch: number;
  /** When we learned of it, by our clock: not before it began. */
  readonly seenMs: number;
  /** Undefined until the log has told us. Without terms there is no lease. */
  readonly terms: LeaseTerms | undefined;
  /** The longest D that we know of: of lives before this one too, and of what we were told. */
  readonly longestWaitMs: number;
  /**
   * Nobody can hold a lease of a life of the log before this one any more. Until then a roster
   * that does not know its holder proves nothing.
   */
  readonly isSettled: boolean;
}

export const noLife: Life = Object.freeze<Life>({
  epoch: 0,
  seenMs: Number.NEGATIVE_INFINITY,
  terms: undefined,
  longestWaitMs: 0,
  isSettled: false,
});

/** `isFirst`: there cannot have been a life before, since the log is this process's own. */
export function lifeBegan(before: Life, epoch: number, isFirst: boolean, nowMs: number): Life {
  const { longestWaitMs } = before;
  return { epoch, seenMs: nowMs, terms: undefined, longestWaitMs, isSettled: isFirst };
}

/** What a record says about the life that it is in. */
export function lifeTold(life: Life, record: LogRecord): Life {
  switch (record.kind) {
    case "config":
      return withTerms(life, record.terms);
    case "settled":
      return settledBy(life, record.epoch);
    case "checkpoint": {
      // Who wrote it had read this life from its beginning. What counts is not the first record
      // that is still there: that may be a late copy, after the one that counted was erased.
      const known = record.epoch === life.epoch ? { ...life, terms: undefined } : life;
      return settledBy(withTerms(known, record.terms), record.settledEpoch);
    }
    default:
      return life;
  }
}

function withTerms(life: Life, terms: LeaseTerms): Life {
  if (life.terms !== undefined) return life;
  return { ...life, terms, longestWaitMs: Math.max(life.longestWaitMs, terms.waitMs) };
}

/** Records of an earlier life may be at the beginning of this one, when the log lost its end. */
function settledBy(life: Life, epoch: number): Life {
  return epoch === life.epoch ? { ...life, isSettled: true } : life;
}

/** When we can tell by ourselves that the leases of the lives before are over. */
export function settlesMs(life: Life, terms: LeaseTerms, rules: Rules): number {
  const waitMs = Math.max(life.longestWaitMs, terms.waitMs);
  return rules.pastLifeUntilMs(life.seenMs, { ...terms, waitMs });
}

export function settledEpoch(life: Life): Checkpoint["settledEpoch"] {
  return life.isSettled ? life.epoch : 0;
}
