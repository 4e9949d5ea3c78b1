import type { Arrival } from "../policies/eviction-order.ts";
import { FrequencySketch } from "../policies/frequency-sketch.ts";
import { orderFor } from "../policies/order-for.ts";
import { SimulatedCache, type SimulatedRequest } from "../simulated-cache.ts";
import { type PolicyName, policyNames } from "../store.ts";
import type { CurvePoint, MissRatioCurves } from "./curve.ts";
import { KeySample, sampleHash } from "./key-sample.ts";

export interface GhostCachesOptions {
  /** Of the cache that is watched, in its unit. */
  readonly capacity: number;
  readonly unit: "entries" | "bytes";
  /** Sizes for which there are ghosts, as shares of the real one's. */
  readonly factors: readonly number[];
  /** Keys that are looked at, at most. */
  readonly mostKeys: number;
  /** And so many as long as these are all. Default: as many. */
  readonly mostWhole?: number;
  /** Told of every key that a ghost pushes out; ghosts are numbered as the bits of `request`. */
  readonly onEvicted?: (ghost: number, fingerprint: number) => void;
}

/** Places a ghost begins with; W-TinyLFU's sketch grows with them, as in a store. */
const firstSlots = 64;
/** Curves forget half after so many requests that were looked at. */
const curveHalfLife = 2 ** 17;

interface Ghost {
  readonly policy: PolicyName;
  readonly factor: number;
  readonly cache: SimulatedCache;
}

/**
 * What would be in the cache under each policy and at several sizes: miniature caches without
 * values that see a sample of the keys, and are as much smaller as the sample is (Waldspurger,
 * Saemundsson, Ahmad, Park: "Cache modeling and optimization using miniature simulations", ATC
 * 2017). While the cache is small the sample is all keys, and the ghosts are exact.
 *
 * Bounded: at most `mostKeys` keys are looked at, and when more come the rate falls, and with it
 * the capacity of every ghost.
 */
export class GhostCaches {
  #capacity: number;
  readonly #sample: KeySample;
  readonly #ghosts: readonly Ghost[];
  /** By ghost: how many of all requests would have missed; older ones count less. */
  readonly #misses: Float64Array;
  readonly #missedMs: Float64Array;
  /** Ghosts that hold a member. */
  readonly #holders: Uint8Array;
  readonly #sizes: Uint32Array;
  #requests = 0;
  #costMs = 0;
  #sampled = 0;

  constructor(options: GhostCachesOptions) {
    const { capacity, unit, factors, mostKeys, onEvicted, mostWhole = mostKeys } = options;
    this.#capacity = capacity;
    this.#sample = new KeySample(mostKeys, mostWhole);
    this.#holders = new Uint8Array(mostWhole + 1);
    this.#sizes = new Uint32Array(mostWhole + 1);
    this.#ghosts = factors.flatMap((factor, row) =>
      policyNames.map((policy, column): Ghost => {
        const number = row * policyNames.length + column;
        const told = (id: number): void => {
          onEvicted?.(number, this.#sample.fingerprintOf(id));
          this.#drop(id);
        };
        const own = Math.max(1, Math.round(capacity * factor));
        const slots = unit === "entries" ? Math.min(own, mostWhole) + 1 : firstSlots;
        const sketch = new FrequencySketch(unit === "entries" ? own : slots - 1, slots - 1);
        const order = orderFor(policy, { slots, capacity: own, sketch });
        const cache = new SimulatedCache({ order, slots, capacity: own, onEvicted: told });
        return { policy, factor, cache };
      }),
    );
    this.#misses = new Float64Array(this.#ghosts.length);
    this.#missedMs = new Float64Array(this.#ghosts.length);
  }

  /** The share of keys that is looked at. */
  get rate(): number {
    return this.#sample.rate;
  }

  /** Entries in the first ghost. */
  get entries(): number {
    return this.#ghosts[0]?.cache.entries ?? 0;
  }

  /** The cache that is watched has another capacity. */
  resize(capacity: number): void {
    if (capacity === this.#capacity) return;
    this.#capacity = capacity;
    this.#resize();
  }

  holds(ghost: number, fingerprint: number): boolean {
    const id = this.#sample.find(fingerprint);
    return id !== undefined && this.#ghosts[ghost]?.cache.holds(id) === true;
  }

  /** Keys that one ghost holds and another does not. O(n). */
  differing(from: number, to: number): number {
    const [without, within] = [this.#ghosts[from]?.cache, this.#ghosts[to]?.cache];
    if (without === undefined || within === undefined) return 0;
    let keys = 0;
    for (let id = 0; id < this.#holders.length; id++) {
      if (within.holds(id) && !without.holds(id)) keys += 1;
    }
    return keys;
  }

  /**
   * Somebody asked for a key. Undefined when it is not looked at; otherwise bit `i` says whether
   * ghost `i` had it, that of policy `i` of `policyNames` at the first size. `hash` is the
   * `sampleHash` of its fingerprint.
   */
  request(arrival: Arrival, hash = sampleHash(arrival.fingerprint)): number | undefined {
    this.#requests += 1;
    this.#costMs += arrival.costMs;
    if (!this.#sample.includes(hash)) return undefined;
    const { fingerprint } = arrival;
    const id = this.#sample.find(fingerprint) ?? this.#admit(fingerprint);
    if (id === undefined) return undefined;
    this.#sampled += 1;
    if (this.#sampled >= curveHalfLife) this.#forgetHalf();
    const { size, costMs } = arrival;
    return this.#ask({ id, fingerprint, size, costMs });
  }

  /** A new value came for a key that the cache holds: nobody asked, and nothing is counted. */
  replace({ fingerprint, size, costMs }: Arrival): void {
    const id = this.#sample.find(fingerprint);
    if (id !== undefined) this.#replace({ id, fingerprint, size, costMs });
  }

  /** Its value has ended: it expired or was deleted, which no policy could prevent. */
  remove(fingerprint: number): void {
    const id = this.#sample.find(fingerprint);
    if (id === undefined) return;
    this.#leave(id);
    this.#sample.release(id);
  }

  curves(): MissRatioCurves {
    // Of all requests, and not of those looked at: with the few hottest keys in the sample or not,
    // it is asked more often or less, and these would be hits at any size (SHARDS-adj).
    const [requests, costMs] = [Math.max(1, this.#requests), Math.max(1e-9, this.#costMs)];
    const points = this.#ghosts.map(({ policy, factor }, index): CurvePoint => {
      const missed = (this.#misses[index] as number) / requests;
      const missedMs = (this.#missedMs[index] as number) / costMs;
      return {
        policy,
        capacity: Math.round(this.#capacity * factor),
        hitRatio: this.#requests === 0 ? 0 : Math.max(0, 1 - missed),
        savedShare: this.#costMs === 0 ? 0 : Math.max(0, 1 - missedMs),
      };
    });
    return {
      points,
      rate: this.#sample.rate,
      keys: this.#sample.size,
      requests: this.#requests,
      meanCostMs: this.#costMs / requests,
    };
  }

  /** Throws unless ghosts and sample agree. For tests. */
  validate(): void {
    for (const { cache } of this.#ghosts) cache.validate();
  }

  #admit(fingerprint: number): number | undefined {
    const before = this.#sample.rate;
    const id = this.#sample.admit(fingerprint, (dismissed) => this.#leave(dismissed));
    if (this.#sample.rate < before) this.#resize();
    return id;
  }

  #ask(request: SimulatedRequest): number {
    const { id, size, costMs } = request;
    // Itself, so that nobody thinks it is needed no more while it moves.
    this.#holders[id] = (this.#holders[id] as number) + 1;
    if (this.#sizes[id] !== 0 && this.#sizes[id] !== size) this.#replace(request);
    this.#sizes[id] = size;
    let hits = 0;
    // It stands for so many that were not looked at.
    const weight = 1 / this.#sample.rate;
    for (let index = 0; index < this.#ghosts.length; index++) {
      const { cache } = this.#ghosts[index] as Ghost;
      if (cache.request(request)) {
        hits |= 1 << index;
        continue;
      }
      this.#misses[index] = (this.#misses[index] as number) + weight;
      this.#missedMs[index] = (this.#missedMs[index] as number) + weight * costMs;
      if (cache.holds(id)) this.#holders[id] = (this.#holders[id] as number) + 1;
    }
    this.#drop(id);
    return hits;
  }

  /** One less holds it; whom nobody holds is not worth its place in the sample. */
  #drop(id: number): void {
    const holders = (this.#holders[id] as number) - 1;
    this.#holders[id] = holders;
    if (holders > 0) return;
    this.#sizes[id] = 0;
    this.#sample.release(id);
  }

  #replace(request: SimulatedRequest): void {
    const { id, size } = request;
    this.#sizes[id] = size;
    this.#holders[id] = (this.#holders[id] as number) + 1;
    for (const { cache } of this.#ghosts) cache.replace(request);
    this.#drop(id);
  }

  #leave(id: number): void {
    for (const { cache } of this.#ghosts) cache.remove(id);
    this.#holders[id] = 0;
    this.#sizes[id] = 0;
  }

  #resize(): void {
    const rate = this.#sample.rate;
    for (const { cache, factor } of this.#ghosts) {
      cache.resize(Math.max(1, Math.round(this.#capacity * factor * rate)));
    }
  }

  #forgetHalf(): void {
    this.#sampled = 0;
    this.#requests /= 2;
    this.#costMs /= 2;
    for (let index = 0; index < this.#ghosts.length; index++) {
      this.#misses[index] = (this.#misses[index] as number) / 2;
      this.#missedMs[index] = (this.#missedMs[index] as number) / 2;
    }
  }
}
