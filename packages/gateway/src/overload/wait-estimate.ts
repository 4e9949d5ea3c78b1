const weight = 1 / 8;
/** What was seen longer ago says nothing: workers come and go. */
const freshMs = 10_000;
/** So many times faster than the mean is not chance: an outage is over, or workers came. */
const muchFaster = 4;

interface Seen {
  readonly waitMs: number;
  readonly atMs: number;
}

/**
 * How long a computation takes to come back, by how many of the same model are under way here. It
 * is what queue depth × service time / workers is meant to tell, measured instead of multiplied:
 * nobody has to know how many workers there are, how they batch, and who else asks them.
 *
 * Never more than was seen: a place further back than any so far is taken to wait as long as the
 * furthest, so nothing is refused before it is known that it would be late.
 */
export class WaitEstimate {
  /** [i] is of the places from 2^i on. */
  readonly #seen: (Seen | undefined)[] = [];

  /** Who had that place, from 1, when it was asked for, was answered after so long. */
  observe(place: number, waitMs: number, nowMs: number): void {
    const index = bucketOf(place);
    const before = this.#fresh(index, nowMs);
    const isOver = before !== undefined && waitMs * muchFaster < before;
    // Nor is it true any more of those further back, who would be refused and never show it.
    if (isOver) this.#seen.length = index;
    const mean = before === undefined || isOver ? waitMs : before + (waitMs - before) * weight;
    this.#seen[index] = { waitMs: mean, atMs: nowMs };
  }

  /** Who had that place gave up after so long, and would have waited longer still. */
  observeGivenUp(place: number, waitMs: number, nowMs: number): void {
    const index = bucketOf(place);
    const before = this.#fresh(index, nowMs);
    if (before === undefined || waitMs > before) this.observe(place, waitMs, nowMs);
    else this.#seen[index] = { waitMs: before, atMs: nowMs };
  }

  /** Undefined: nothing is known. */
  expectedMs(place: number, nowMs: number): number | undefined {
    let longest: number | undefined;
    for (let index = bucketOf(place); index >= 0; index -= 1) {
      const waitMs = this.#fresh(index, nowMs);
      if (waitMs !== undefined) longest = Math.max(longest ?? 0, waitMs);
    }
    return longest;
  }

  isEmpty(nowMs: number): boolean {
    return this.#seen.every((_, index) => this.#fresh(index, nowMs) === undefined);
  }

  #fresh(index: number, nowMs: number): number | undefined {
    const seen = this.#seen[index];
    return seen === undefined || nowMs - seen.atMs > freshMs ? undefined : seen.waitMs;
  }
}

function bucketOf(place: number): number {
  return 31 - Math.clz32(Math.max(1, place));
}
