import { RecentWaits } from "./recent-waits.ts";

export interface HedgeOptions {
  /** No read is hedged sooner, however quick its owner is. */
  readonly leastMs: number;
  /** None is hedged later; and so late where nothing was measured yet. */
  readonly mostMs: number;
  /** Hedges per read, 0 to 1, that may be sent. */
  readonly share: number;
}

/** Of the reads of an owner so many answer before they are hedged. */
const quantile = 0.95;
/** Hedges that may come at once after a quiet time. */
const burst = 10;

/**
 * When a read that waits for one owner is asked of the next one too, and how often that may be.
 *
 * As in "The Tail at Scale" (Dean and Barroso, 2013): after the 95th percentile of what this owner
 * took of late, so that one read in twenty is hedged, and a budget on top. Without it a cluster
 * that is slow altogether would be given twice its load. A read that has waited `mostMs` may go
 * beyond the budget where the next owner is known to be quick: there one node is slow, and reading
 * elsewhere takes load from it.
 *
 * Owners are told apart by their links, and forgotten with them. Pure: waits are arguments.
 */
export class Hedging {
  readonly #options: HedgeOptions;
  readonly #waits = new WeakMap<object, RecentWaits>();
  #allowance: number;
  #sent = 0;
  #won = 0;
  #withheld = 0;

  constructor(options: HedgeOptions) {
    this.#options = options;
    this.#allowance = options.share > 0 ? burst : 0;
  }

  /** `withheld`: there was reason for one, and no allowance. */
  get counts(): { readonly sent: number; readonly won: number; readonly withheld: number } {
    return { sent: this.#sent, won: this.#won, withheld: this.#withheld };
  }

  /** The longest that a read waits for an owner before it is hedged, if it may be. */
  get mostMs(): number {
    return this.#options.mostMs;
  }

  /** How long a read waits for this owner before it is hedged. */
  delayMs(owner: object): number {
    const { leastMs, mostMs } = this.#options;
    const usualMs = this.#waits.get(owner)?.quantileMs ?? mostMs;
    return Math.min(Math.max(usualMs, leastMs), mostMs);
  }

  /** A read begins: every one adds to what may be hedged. */
  asked(): void {
    this.#allowance = Math.min(burst, this.#allowance + this.#options.share);
  }

  /** An owner was waited for so long; longer, if somebody else answered before it. */
  waited(owner: object, waitMs: number): void {
    let waits = this.#waits.get(owner);
    if (waits === undefined) {
      waits = new RecentWaits(quantile);
      this.#waits.set(owner, waits);
    }
    waits.add(waitMs);
  }

  /** Whether a read that has waited so long may be asked of `other` too; counted as sent. */
  maySend(waitedMs: number, other: object): boolean {
    const { mostMs, share } = this.#options;
    const isElsewhere = share > 0 && waitedMs >= mostMs && this.delayMs(other) < mostMs;
    if (this.#allowance < 1 && !isElsewhere) {
      this.#withheld += 1;
      return false;
    }
    if (!isElsewhere) this.#allowance -= 1;
    this.#sent += 1;
    return true;
  }

  /** A hedge answered first. */
  won(): void {
    this.#won += 1;
  }
}
