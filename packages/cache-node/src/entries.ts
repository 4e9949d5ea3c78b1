import { Entry, isAtLeast, limits, type Position, stampAge, supersedes } from "@kvring/core";
import type { Store, StoredValue } from "@kvring/store";
import type { Lent } from "@kvring/wire";

/** Which stored entry answers whom, and which newcomer is kept. */
export class Entries {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * An entry born at `minBorn` or later, no older than `maxAgeMs`, with its life as of now, of which
   * `minTtlMs` has to be left; below 0, it may have expired so long ago.
   */
  find(
    key: Uint8Array,
    minBorn: Position,
    maxAgeMs: number | undefined,
    minTtlMs: number,
  ): Lent | undefined {
    const stored = this.#store.get(key);
    if (stored === undefined) return undefined;
    const { bytes } = stored;
    const entry = new Entry(bytes);
    if (!isAtLeast(entry.born, minBorn)) return undefined;
    const life = lifeOf(entry, stored);
    if (life.ttlMs < minTtlMs || (minTtlMs === 0 && life.ttlMs === 0)) return undefined;
    if (maxAgeMs !== undefined && !(life.ageMs <= maxAgeMs)) return undefined;
    if (bytes.length <= limits.inlineBytes) return { bytes, life };
    // Sending a large one takes many turns, and an eviction must not overtake it.
    const held = this.#store.hold(key);
    return held && { bytes: held.bytes, life, release: () => held.release() };
  }

  /** Keys of 32 bytes one behind the other, the hottest first. */
  hottestKeys(most: number): Uint8Array {
    return this.#store.hottestKeys(most);
  }

  /** The entry as of now, for somebody else to keep; not what has expired. */
  copy(key: Uint8Array): Uint8Array | undefined {
    const stored = this.#store.peek(key);
    if (stored === undefined) return undefined;
    const { ageMs, ttlMs } = lifeOf(new Entry(stored.bytes), stored);
    if (!(ttlMs > 0)) return undefined;
    const copy = Uint8Array.from(stored.bytes);
    stampAge(copy, ageMs, ttlMs);
    return copy;
  }

  /** Keeps what was here before, older by `elapsedMs`; stamps `bytes`. False: it has expired. */
  restore(key: Uint8Array, bytes: Uint8Array, elapsedMs: number): boolean {
    const { ageMs, ttlMs } = new Entry(bytes);
    stampAge(bytes, ageMs + elapsedMs, ttlMs - elapsedMs);
    return this.keep(key, new Entry(bytes));
  }

  clear(): void {
    this.#store.clear();
  }

  /**
   * Keeps a copy of `entry`, unless what is here was born later. An answer that comes late is
   * valid by its own `born`, whatever happened to the token it was computed under.
   */
  keep(key: Uint8Array, entry: Entry): boolean {
    const ttlMs = Math.min(entry.ttlMs, limits.entryTtlMs);
    if (!(ttlMs > 0)) return false;
    const kept = this.#store.peek(key);
    if (kept !== undefined && !supersedes(entry.born, new Entry(kept.bytes).born)) return false;
    const costMs = Number.isFinite(entry.costMs) ? Math.max(0, entry.costMs) : 0;
    const { policy } = entry;
    return this.#store.put(key, entry.bytes, { ttlMs: keptMs(entry, ttlMs), costMs, policy });
  }
}

/** Age and remaining life now, which may be over, of what the store has had for a while. */
function lifeOf(entry: Entry, { ageMs }: StoredValue): { ageMs: number; ttlMs: number } {
  const ttlMs = Math.min(entry.ttlMs, limits.entryTtlMs);
  return { ageMs: entry.ageMs + ageMs, ttlMs: ttlMs - ageMs };
}

/** Its life and, for who takes it then, a while longer; but nothing is older than a day in the end. */
function keptMs({ ageMs, staleMs }: Entry, ttlMs: number): number {
  if (!(staleMs > 0)) return ttlMs;
  const mostMs = limits.entryTtlMs - Math.max(0, ageMs);
  return Math.max(ttlMs, Math.min(ttlMs + staleMs, mostMs));
}
