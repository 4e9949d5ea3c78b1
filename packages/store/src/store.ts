/**
 * A byte-bounded map from 32-byte keys to values.
 *
 * How a reader holds bytes that an eviction may want (docs/adr-0006 of this package): what `get`
 * and `peek` give is *borrowed*. It is valid until the caller returns to the event loop or calls
 * the store again; who needs it longer copies it, or takes a `hold`, which keeps the memory from
 * being reused until it is released, and which is charged to the capacity meanwhile.
 */
export interface Store {
  readonly policy: PolicyName;
  readonly capacityBytes: number;
  /** What values, keys and metadata are charged, held ones included. Never above the capacity. */
  readonly usedBytes: number;
  readonly size: number;
  readonly counters: Readonly<StoreCounters>;
  /** Counts as an access. Undefined when absent or expired. */
  get(key: Uint8Array): StoredValue | undefined;
  /** Leaves no trace in the policy or the counters. */
  peek(key: Uint8Array): StoredValue | undefined;
  hold(key: Uint8Array): HeldValue | undefined;
  /** Copies `value` in, evicting as needed. False when it could never fit. `ttlMs` must be > 0. */
  put(key: Uint8Array, value: Uint8Array, options: PutOptions): boolean;
  delete(key: Uint8Array): boolean;
  clear(): void;
  /** Throws unless structure and accounting agree in every detail. For tests: costs O(n). */
  validate(): void;
}

export interface StoredValue {
  readonly bytes: Uint8Array;
  /** Since `put`, by the store's clock. */
  readonly ageMs: number;
  /** Remaining life, > 0. */
  readonly ttlMs: number;
}

export interface HeldValue extends StoredValue {
  release(): void;
}

export interface PutOptions {
  readonly ttlMs: number;
  /** What computing the value again would take; for policies that weigh it. */
  readonly costMs: number;
}

export interface StoreCounters {
  hits: number;
  misses: number;
  puts: number;
  /** Pushed out by the policy. */
  evictions: number;
  expirations: number;
  deletions: number;
  /** Values that could never fit. */
  rejections: number;
}

export const policyNames = ["lru", "lfu", "fifo"] as const;
export type PolicyName = (typeof policyNames)[number];
