/**
 * A place in the control log.
 *
 * Sequences count within one life of the log. A log that was re-created starts again at 1, so the
 * epoch, random and written in the log's first record, says which life is meant: positions of
 * different epochs are never "after" one another, and what was born in another epoch is old.
 */
export interface Position {
  /** Random, 1 … 2^53 − 1. 0 stands for "no log seen yet". */
  readonly epoch: number;
  /** 1 is the log's first record; 0 is the place before it. */
  readonly sequence: number;
}

export const nowhere: Position = Object.freeze({ epoch: 0, sequence: 0 });

/** Whether something born at `born` may be used where nothing older than `minimum` is wanted. */
export function isAtLeast(born: Position, minimum: Position): boolean {
  return born.epoch === minimum.epoch && born.sequence >= minimum.sequence;
}

/** Of two values for one key the one to keep: the later of one epoch, else the newcomer's. */
export function supersedes(newcomer: Position, kept: Position): boolean {
  return newcomer.epoch !== kept.epoch || newcomer.sequence >= kept.sequence;
}

export function formatPosition(position: Position): string {
  return `${position.epoch.toString(36)}:${position.sequence}`;
}
