import { type PolicyName, policyNames } from "@kvring/core";
import type { Adaptation } from "./adaptation/curve.ts";

/**
 * A byte-bounded map from 32-byte keys to values.
 *
 * How a reader holds bytes that an eviction may want (docs/adr-0006 of this package): what `get`
 * and `peek` give is *borrowed*. It is read only, and valid until the caller returns to the event
 * loop or calls the store again; who needs it longer copies it, or takes a `hold`, which keeps the
 * memory from being reused until it is released, and which is charged to the capacity meanwhile.
 *
 * An expired entry is never given. Its bytes go when somebody asks for it; otherwise from a second
 * after its expiry, a few with every put, and as many as room is needed for before anything that
 * lives is evicted.
 */
export interface Store {
  readonly policy: PolicyChoice;
  readonly capacityBytes: number;
  /**
   * What values, keys and metadata are charged, held ones and what hints take included. Never above
   * the capacity.
   */
  readonly usedBytes: number;
  /** Entries, with those that expired and are not yet taken away. */
  readonly size: number;
  readonly counters: Readonly<StoreCounters>;
  /** Of an adaptive store only. Costs O(1). */
  readonly adaptation: Adaptation | undefined;
  /** Counts as an access. Undefined when absent or expired. */
  get(key: Uint8Array): StoredValue | undefined;
  /** Leaves no trace in the policy or the counters. */
  peek(key: Uint8Array): StoredValue | undefined;
  /**
   * Like `peek`, for longer: the bytes stay as they are until `release`, whatever becomes of the
   * entry. An entry that is evicted while it is held cannot be found any more, yet frees nothing.
   */
  hold(key: Uint8Array): HeldValue | undefined;
  /**
   * Copies `value` in, evicting as needed; it must not be borrowed from this store. False, and
   * nothing changes, when it cannot fit: it is larger than the capacity, or than what holds leave
   * of it. `ttlMs` must be > 0, and counts up to `limits.entryTtlMs`.
   */
  put(key: Uint8Array, value: Uint8Array, options: PutOptions): boolean;
  /**
   * Keys, 32 bytes each, one behind the other: of what would stay longest, at most `most`, the last
   * to go first. Expired entries may be among them. Costs O(n).
   */
  hottestKeys(most: number): Uint8Array;
  delete(key: Uint8Array): boolean;
  /** Deletes every entry: costs O(n). */
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

/** Age and remaining life are those of the moment it was taken. */
export interface HeldValue extends StoredValue {
  /** To be called once the bytes are not needed; again does nothing. */
  release(): void;
}

export interface PutOptions {
  readonly ttlMs: number;
  /** What computing the value again would take; for policies that weigh it. */
  readonly costMs: number;
  /**
   * The policy for this entry, where its owner knows better than the store (`HintedOrder`). Such
   * entries share the capacity with all others, in proportion to how much is asked of them.
   */
  readonly policy?: PolicyName | undefined;
}

export interface StoreCounters {
  hits: number;
  misses: number;
  puts: number;
  /** Pushed out by the policy. */
  evictions: number;
  expirations: number;
  /** One by one, or by `clear`. */
  deletions: number;
  /** Values that could not fit. */
  rejections: number;
}

export { type PolicyName, policyNames };

/** `adaptive`: whichever of them saves most, as ghosts of all of them tell (`adaptation/`). */
export const policyChoices = [...policyNames, "adaptive"] as const;
export type PolicyChoice = (typeof policyChoices)[number];
