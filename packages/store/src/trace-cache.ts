import { evictionOrderFor } from "./adaptation/eviction-order-for.ts";
import { SimulatedCache } from "./simulated-cache.ts";
import { moreSlots, SlotInts } from "./slot-arrays.ts";
import type { PolicyChoice } from "./store.ts";

export interface TraceCacheOptions {
  readonly policy: PolicyChoice;
  /** In entries where every request has size 1, otherwise in bytes. */
  readonly capacity: number;
  readonly unit: "entries" | "bytes";
  /** Entries end so long after they came. */
  readonly ttlMs?: number;
  readonly lfuAges?: boolean;
}

export interface TraceRequest {
  /** Whole, from 0, dense: it is an index of memory. */
  readonly id: number;
  readonly size: number;
  readonly costMs: number;
  readonly atMs: number;
}

const firstSlots = 1_024;
/** Beyond so many, even a cache that counts entries takes its memory as it fills. */
const mostFirstSlots = 2 ** 22;

/**
 * A cache for the requests of a trace: sizes are the trace's own, and nothing is charged for
 * metadata. It runs the policies of the store, so what it counts is what they do.
 */
export class TraceCache {
  readonly #cache: SimulatedCache;
  readonly #ttlMs: number;
  /** By id; used where entries expire. */
  readonly #expiresAtMs = new SlotInts(2, 1);

  constructor({ policy, capacity, unit, ttlMs, lfuAges = false }: TraceCacheOptions) {
    this.#ttlMs = ttlMs ?? Number.POSITIVE_INFINITY;
    // W-TinyLFU's sketch is as large as the cache from the beginning, as in published figures.
    const slots = unit === "entries" ? Math.min(capacity + 1, mostFirstSlots) : firstSlots;
    const order = evictionOrderFor(policy, { slots, capacity, unit, lfuAges, asPublished: true });
    this.#cache = new SimulatedCache({ order, slots, capacity });
  }

  get evictions(): number {
    return this.#cache.evictions;
  }

  get usedSize(): number {
    return this.#cache.usedSize;
  }

  /** Whether it was a hit. */
  request({ id, size, costMs, atMs }: TraceRequest): boolean {
    const mayExpire = this.#ttlMs < Number.POSITIVE_INFINITY;
    if (mayExpire && atMs >= this.#expiryOf(id)) this.#cache.remove(id);
    const isHit = this.#cache.request({ id, fingerprint: id, size, costMs });
    if (mayExpire && !isHit) this.#expiresAtMs.setDouble(id, 0, atMs + this.#ttlMs);
    return isHit;
  }

  /** Throws unless order and books agree. For tests. */
  validate(): void {
    this.#cache.validate();
  }

  #expiryOf(id: number): number {
    while (id >= this.#expiresAtMs.slots)
      this.#expiresAtMs.grow(moreSlots(this.#expiresAtMs.slots));
    return this.#expiresAtMs.getDouble(id, 0);
  }
}
