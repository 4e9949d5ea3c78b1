/** How long a process that died is left alone before it is started again. */
export interface Deaths {
  /** Deaths since it was last stable. */
  readonly count: number;
}

const firstMs = 100;
const longestMs = 10_000;
/** What served this long had nothing wrong with it from the start. */
const stableMs = 10_000;

export const noDeaths: Deaths = Object.freeze({ count: 0 });

/** It died after serving for `servedMs`: 0 when it never came to that. */
export function afterDeath(deaths: Deaths, servedMs: number): Deaths {
  return { count: servedMs >= stableMs ? 1 : deaths.count + 1 };
}

/** 100 ms after the first death, twice as long after each further one, 10 s at most. */
export function restartMs({ count }: Deaths): number {
  return Math.min(longestMs, firstMs * 2 ** Math.max(0, count - 1));
}
