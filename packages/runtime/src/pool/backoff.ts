/** How long a child that died is left alone before it is started again. */
export interface Backoff {
  /** Deaths since a child was last stable. */
  readonly failures: number;
}

const firstMs = 100;
const longestMs = 10_000;
/** A child that served this long had nothing wrong with it from the start. */
const stableMs = 10_000;

export const fresh: Backoff = Object.freeze({ failures: 0 });

/** A child died after serving for `servedMs`: 0 when it never came to that. */
export function afterDeath(backoff: Backoff, servedMs: number): Backoff {
  return { failures: servedMs >= stableMs ? 1 : backoff.failures + 1 };
}

/** 100 ms after the first death, twice as long after each further one, 10 s at most. */
export function delayMs({ failures }: Backoff): number {
  return Math.min(longestMs, firstMs * 2 ** Math.max(0, failures - 1));
}
