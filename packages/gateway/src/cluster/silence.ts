import type { RingRecord } from "@kvring/bus";

/** What a gateway says about the nodes of a ring. */
export interface NodeReport {
  readonly ring: number;
  /** How many nodes it hears. */
  readonly reached: number;
  /** The incarnations that it has not heard for too long, in the order of the ring. */
  readonly silent: readonly string[];
}

/**
 * Which members of the ring this gateway has not heard for too long. Pure: what was heard and the
 * time are arguments.
 *
 * A member that is new to us, also a new life of an old one, has the full time to be heard first.
 * So has everybody after we were away ourselves: our own pause says nothing about others.
 */
export class Silence {
  readonly #evictAfterMs: number;
  #ring: RingRecord = { version: 0, members: [] };
  /** By incarnation: silence is counted from then at the earliest. */
  #sinceMs: ReadonlyMap<string, number> = new Map();
  #judgedMs: number | undefined;

  constructor(evictAfterMs: number) {
    this.#evictAfterMs = evictAfterMs;
  }

  get ring(): RingRecord {
    return this.#ring;
  }

  follow(ring: RingRecord, nowMs: number): void {
    const known = this.#sinceMs;
    this.#ring = ring;
    this.#sinceMs = new Map(
      ring.members.map(({ incarnation }) => [incarnation, known.get(incarnation) ?? nowMs]),
    );
  }

  /** `heardMs`: when a node was last heard, by the same clock; undefined: never. */
  report(heardMs: (id: string) => number | undefined, nowMs: number): NodeReport {
    const awayMs = nowMs - (this.#judgedMs ?? nowMs);
    this.#judgedMs = nowMs;
    if (awayMs >= this.#evictAfterMs / 2) {
      this.#sinceMs = new Map([...this.#sinceMs.keys()].map((incarnation) => [incarnation, nowMs]));
    }
    const silent = this.#ring.members.filter(({ id, incarnation }) => {
      const sinceMs = this.#sinceMs.get(incarnation) ?? nowMs;
      return nowMs - Math.max(sinceMs, heardMs(id) ?? 0) >= this.#evictAfterMs;
    });
    return {
      ring: this.#ring.version,
      reached: this.#ring.members.length - silent.length,
      silent: silent.map(({ incarnation }) => incarnation),
    };
  }
}
