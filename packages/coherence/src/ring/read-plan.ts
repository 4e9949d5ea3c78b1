/** Whom to ask for a key. */
export interface ReadPlan {
  /** Who own it, the primary first: asked in turn, and filled. The primary alone grants tokens. */
  readonly owners: readonly string[];
  /**
   * Who may have the entry when the primary has not, since they owned it before: asked without
   * waiting, before it is computed. What they have fills the primary with its `born` and its
   * original expiry. Empty where the primary owned it already.
   */
  readonly sources: readonly string[];
}

/**
 * While nodes join or drain: ids of the owners as they are now (`owning`) and as they were before
 * (`owningBefore`), each list as the ring gives it. That gateways disagree about the ring costs
 * misses and nothing else, since every entry proves its age.
 */
export function readPlan(owners: readonly string[], before: readonly string[]): ReadPlan {
  const [primary] = owners;
  const isNew = primary !== undefined && !before.includes(primary);
  return { owners, sources: isNew ? [...before] : [] };
}

/** How a node that joins, or takes over from one that drains, gets on. */
export interface Ramp {
  /** Of look-ups in the last while, by keys that moved: 0 to 1. */
  readonly hitRatio: number;
  /** The same of the previous owner, before the change. */
  readonly previousHitRatio: number;
  readonly sinceMs: number;
}

/** Of the previous owner's hit ratio: enough to stop asking it. */
const enough = 0.9;

/** Whether the previous owners need not be asked any more. */
export function isRampOver({ hitRatio, previousHitRatio, sinceMs }: Ramp, capMs: number): boolean {
  return sinceMs >= capMs || hitRatio >= enough * previousHitRatio;
}
