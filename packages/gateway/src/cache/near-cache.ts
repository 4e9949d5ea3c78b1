import { type Clock, Entry } from "@kvring/core";
import { createStore, type Store } from "@kvring/store";

/** An entry as a gateway may answer with it now. */
export interface CurrentEntry {
  readonly entry: Entry;
  /** Since it was computed. */
  readonly ageMs: number;
  readonly ttlMs: number;
}

/**
 * The near cache (L1): hot entries in the gateway's own memory, so that a popular key is answered
 * without a hop and no node becomes a bottleneck. It is as stale as it likes: every entry is
 * tested for currency when it is used.
 */
export class NearCache {
  /** Undefined: switched off. */
  readonly #store: Store | undefined;

  /** `capacityBytes` 0 switches it off. */
  constructor(capacityBytes: number, clock: Clock) {
    if (capacityBytes > 0) {
      this.#store = createStore({ policy: "lru", capacityBytes, clock });
    }
  }

  get usedBytes(): number {
    return this.#store?.usedBytes ?? 0;
  }

  get capacityBytes(): number {
    return this.#store?.capacityBytes ?? 0;
  }

  get size(): number {
    return this.#store?.size ?? 0;
  }

  /**
   * An entry that `isCurrent`, no older than `maxAgeMs`. What is not current is dropped. The entry
   * is borrowed: valid until the store is called again.
   */
  get(
    key: Uint8Array,
    maxAgeMs: number | undefined,
    isCurrent: (entry: Entry) => boolean,
  ): CurrentEntry | undefined {
    const found = this.#store?.get(key);
    if (found === undefined) return undefined;
    const entry = new Entry(found.bytes);
    if (!isCurrent(entry)) {
      this.#store?.delete(key);
      return undefined;
    }
    const ageMs = entry.ageMs + found.ageMs;
    if (maxAgeMs !== undefined && ageMs > maxAgeMs) return undefined;
    return { entry, ageMs, ttlMs: found.ttlMs };
  }

  /** The next asker goes to the owners, who know a newer one. */
  delete(key: Uint8Array): void {
    this.#store?.delete(key);
  }

  /** Copies the entry in. */
  put(key: Uint8Array, entry: Entry): void {
    const { ttlMs } = entry;
    const costMs = Number.isFinite(entry.costMs) ? Math.max(0, entry.costMs) : 0;
    if (ttlMs > 0) this.#store?.put(key, entry.bytes, { ttlMs, costMs });
  }
}
