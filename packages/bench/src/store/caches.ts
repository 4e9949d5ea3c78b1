import { limits, systemClock } from "@kvring/core";
import { createStore, entryBytes, type PolicyChoice } from "@kvring/store";
import { LRUCache } from "lru-cache";
import { keyOf, valueWith } from "./keys.ts";

/** What is measured: a cache that was made for so many entries, and evicts the oldest beyond. */
export interface Cache {
  /** Entries now. */
  readonly size: number;
  /** What it thinks its entries take; undefined where it does not count. */
  readonly chargedBytes: number | undefined;
  /** Reads the n-th entry, and a byte of it; whether it was there. */
  get(n: number): boolean;
  put(n: number): void;
}

export interface CacheOptions {
  readonly entries: number;
  readonly valueBytes: number;
}

const ttlMs = 3_600_000;

/**
 * All of them are given a key as 32 bytes, and a value that they may not keep, as whoever reads
 * from a socket has them; entries have a time to live, and are bounded by bytes. `lru-cache`
 * takes no bytes for keys: it is given a string of them, which costs it the making.
 */
export const caches = {
  kvring: (options: CacheOptions) => kvring("lru", options),
  "kvring, s3-fifo": (options: CacheOptions) => kvring("s3-fifo", options),
  "kvring, w-tinylfu": (options: CacheOptions) => kvring("w-tinylfu", options),
  "kvring, adaptive": (options: CacheOptions) => kvring("adaptive", options),
  "lru-cache": lruCache,
  "lru-cache, ready strings": lruCacheOfReadyStrings,
} satisfies Record<string, (options: CacheOptions) => Cache>;

export type CacheName = keyof typeof caches;

function kvring(policy: PolicyChoice, { entries, valueBytes }: CacheOptions): Cache {
  const capacityBytes = entries * entryBytes(valueBytes, policy);
  const store = createStore({ policy, capacityBytes, clock: systemClock });
  const value = valueWith(valueBytes);
  const options = { ttlMs: Math.min(ttlMs, limits.entryTtlMs), costMs: 5 };
  return {
    get size() {
      return store.size;
    },
    get chargedBytes() {
      return store.usedBytes;
    },
    get: (n) => store.get(keyOf(n))?.bytes[0] !== undefined,
    put: (n) => {
      store.put(keyOf(n), value, options);
    },
  };
}

function lruCache({ entries, valueBytes }: CacheOptions): Cache {
  const cache = new LRUCache<string, Buffer>({
    maxSize: entries * valueBytes,
    sizeCalculation: (value) => value.byteLength,
    ttl: ttlMs,
  });
  const value = valueWith(valueBytes);
  return {
    get size() {
      return cache.size;
    },
    chargedBytes: undefined,
    get: (n) => cache.get(keyOf(n).toString("latin1"))?.[0] !== undefined,
    put: (n) => {
      cache.set(keyOf(n).toString("latin1"), Buffer.from(value));
    },
  };
}

/**
 * The best case for `lru-cache`, which nobody who caches answers has: keys are strings already,
 * nothing expires, entries are counted, and all share one value. No more keys than twice the
 * entries.
 */
function lruCacheOfReadyStrings({ entries, valueBytes }: CacheOptions): Cache {
  const cache = new LRUCache<string, Buffer>({ max: entries });
  const value = valueWith(valueBytes);
  const keys: string[] = [];
  for (let n = 0; n < 2 * entries; n++) keys.push(keyOf(n).toString("latin1"));
  return {
    get size() {
      return cache.size;
    },
    chargedBytes: undefined,
    get: (n) => cache.get(keys[n % keys.length] as string)?.[0] !== undefined,
    put: (n) => {
      cache.set(keys[n % keys.length] as string, value);
    },
  };
}
