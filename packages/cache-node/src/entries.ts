import { Entry, isAtLeast, limits, type Position, stampAge, supersedes } from "@kvring/core";
import type { Store } from "@kvring/store";
import type { Lent } from "@kvring/wire";

/** Which stored entry answers whom, and which newcomer is kept. */
export class Entries {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** An entry born at `minBorn` or later and no older than `maxAgeMs`, with its life as of now. */
  find(key: Uint8Array, minBorn: Position, maxAgeMs: number | undefined): Lent | undefined {
    const stored = this.#store.get(key);
    if (stored === undefined) return undefined;
    const { bytes, ttlMs } = stored;
    const entry = new Entry(bytes);
    if (!isAtLeast(entry.born, minBorn)) return undefined;
    const ageMs = entry.ageMs + stored.ageMs;
    if (maxAgeMs !== undefined && !(ageMs <= maxAgeMs)) return undefined;
    const life = { ageMs, ttlMs };
    if (bytes.length <= limits.inlineBytes) return { bytes, life };
    // Sending a large one takes many turns, and an eviction must not overtake it.
    const held = this.#store.hold(key);
    return held && { bytes: held.bytes, life, release: () => held.release() };
  }

  /** Keys of 32 bytes one behind the other, the hottest first. */
  hottestKeys(most: number): Uint8Array {
    return this.#store.hottestKeys(most);
  }

  /** The entry as of now, for somebody else to keep. */
  copy(key: Uint8Array): Uint8Array | undefined {
    const stored = this.#store.peek(key);
    if (stored === undefined) return undefined;
    const copy = Uint8Array.from(stored.bytes);
    stampAge(copy, new Entry(copy).ageMs + stored.ageMs, stored.ttlMs);
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
    return this.#store.put(key, entry.bytes, { ttlMs, costMs });
  }
}
