import type { PolicyName } from "../store.ts";

export interface ContestOptions {
  readonly policies: readonly PolicyName[];
  readonly first: PolicyName;
  /** Entries the ghosts hold: how long the past counts. */
  readonly entries: () => number;
  /** Entries that the ghost of policy `to` holds, and that of `from` does not. Costs O(n). */
  readonly differing: (from: number, to: number) => number;
}

/** How many standard deviations an advantage must be away from chance. */
const certainty = 4;
/** And of what all requests cost, so much: below it a change is not worth its disturbance. */
const leastShare = 0.005;
/** Requests after which what was seen counts half, by the entries of the ghosts. */
const halfLife = Object.freeze({ least: 1_000, most: 100_000, perEntry: 8 });
const checkEvery = 32;

/**
 * Which policy is to govern: the one in whose ghost hits saved more than in the ghost of the one
 * that governs.
 *
 * Two ghosts see the same requests, so only those matter where one hits and the other misses
 * (McNemar's test, with costs): by chance alone, the sum of their costs, with signs, would have the
 * sum of their squares as its variance. A challenger wins when it is ahead by four deviations, by
 * half a percent of all costs, and by what the change itself will cost: one miss for each entry
 * that its ghost holds and the other does not. So a change that turns out wrong costs no more than
 * staying had cost before (as with renting skis until they are paid). Sums forget: it is the
 * present that counts.
 */
export class Contest {
  readonly #options: ContestOptions;
  #governs: number;
  /** Per policy: how much more its hits saved than those of the one that governs. */
  readonly #ahead: Float64Array;
  readonly #variance: Float64Array;
  #costMs = 0;
  #requests = 0;
  /** Requests from one check to the next, and those still to come. */
  #pause = checkEvery;
  #untilCheck = checkEvery;
  #switches = 0;

  constructor(options: ContestOptions) {
    const { policies, first } = options;
    this.#options = options;
    this.#governs = Math.max(0, policies.indexOf(first));
    this.#ahead = new Float64Array(policies.length);
    this.#variance = new Float64Array(policies.length);
  }

  get governs(): PolicyName {
    return this.#options.policies[this.#governs] as PolicyName;
  }

  get switches(): number {
    return this.#switches;
  }

  /**
   * A request for what cost so much to compute: bit `i` of `hits` says whether the ghost of policy
   * `i` had it.
   */
  observe(hits: number, costMs: number): void {
    this.#costMs += costMs;
    this.#requests += 1;
    const governor = (hits >> this.#governs) & 1;
    // Most often all agree.
    const agreed = governor === 1 ? (1 << this.#ahead.length) - 1 : 0;
    if (hits !== agreed) this.#count(hits, governor, costMs);
    this.#untilCheck -= 1;
    if (this.#untilCheck > 0) return;
    const entries = this.#options.entries();
    this.#forget(entries);
    this.#pause = this.#decide(entries);
    this.#untilCheck = this.#pause;
  }

  #count(hits: number, governor: number, costMs: number): void {
    for (let policy = 0; policy < this.#ahead.length; policy++) {
      const difference = ((hits >> policy) & 1) - governor;
      if (difference === 0) continue;
      this.#ahead[policy] = (this.#ahead[policy] as number) + difference * costMs;
      this.#variance[policy] = (this.#variance[policy] as number) + costMs * costMs;
    }
  }

  #forget(entries: number): void {
    const { least, most, perEntry } = halfLife;
    const kept = 0.5 ** (this.#pause / Math.min(most, Math.max(least, perEntry * entries)));
    this.#costMs *= kept;
    this.#requests *= kept;
    for (let policy = 0; policy < this.#ahead.length; policy++) {
      this.#ahead[policy] = (this.#ahead[policy] as number) * kept;
      this.#variance[policy] = (this.#variance[policy] as number) * kept;
    }
  }

  /** How many requests to wait for the next time. */
  #decide(entries: number): number {
    let best = this.#governs;
    for (let policy = 0; policy < this.#ahead.length; policy++) {
      if ((this.#ahead[policy] as number) > (this.#ahead[best] as number)) best = policy;
    }
    const ahead = this.#ahead[best] as number;
    const deviation = Math.sqrt(this.#variance[best] as number);
    if (best === this.#governs || ahead < certainty * deviation) return checkEvery;
    if (ahead < leastShare * this.#costMs) return checkEvery;
    const meanMs = this.#costMs / this.#requests;
    // Looks at each entry, and so is done once in a while.
    const isWorthIt = ahead >= meanMs * this.#options.differing(this.#governs, best);
    if (!isWorthIt) return checkEvery + Math.ceil(entries / 4);
    this.#change(best);
    return checkEvery;
  }

  #change(policy: number): void {
    this.#governs = policy;
    this.#switches += 1;
    this.#costMs = 0;
    this.#requests = 0;
    this.#ahead.fill(0);
    this.#variance.fill(0);
  }
}
