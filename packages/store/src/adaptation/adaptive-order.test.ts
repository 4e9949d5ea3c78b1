import { describe, expect, test, vi } from "vitest";
import { S3FifoOrder } from "../policies/s3-fifo-order.ts";
import { TinyLfuOrder } from "../policies/tiny-lfu-order.ts";
import { SimulatedCache } from "../simulated-cache.ts";
import { zipf } from "../testing/zipf.ts";
import { AdaptiveOrder } from "./adaptive-order.ts";

class Cache {
  readonly order: AdaptiveOrder;
  readonly cache: SimulatedCache;

  constructor(capacity: number, mostKeys?: number) {
    this.order = new AdaptiveOrder({ slots: 64, capacity, unit: "entries" }, mostKeys);
    this.cache = new SimulatedCache({ order: this.order, slots: 64, capacity });
  }

  ask(id: number): boolean {
    return this.cache.request({ id, fingerprint: id, size: 1, costMs: 1 });
  }

  /** Hits among these requests. */
  run(keys: Iterable<number>): number {
    let hits = 0;
    for (const id of keys) {
      if (this.ask(id)) hits += 1;
    }
    this.cache.validate();
    return hits;
  }
}

function* loop(from: number, keys: number, rounds: number): Generator<number> {
  for (let at = 0; at < keys * rounds; at++) yield from + (at % keys);
}

describe("a small cache, whose ghosts see everything", () => {
  test("takes up the policy that a loop needs, and leaves it for what comes after", () => {
    const small = new Cache(200);
    small.run(zipf(20_000, 1_000, 0.9));
    const hits = small.run(loop(5_000, 300, 100));
    expect(small.order.adaptation.policy).toBe("w-tinylfu");
    // LRU, FIFO, SIEVE and S3-FIFO hit nothing here.
    expect(hits).toBeGreaterThan(10_000);
  });

  test("keeps all its entries when another policy governs", () => {
    const small = new Cache(200);
    small.run(zipf(5_000, 150, 0.5));
    const entries = small.cache.entries;
    const { policy } = small.order.adaptation;
    // All fit, so nobody is ever ahead; then a loop over others.
    expect(small.cache.evictions).toBe(0);
    small.run(loop(5_000, 300, 20));
    expect(small.order.adaptation.policy).not.toBe(policy);
    expect(small.cache.entries).toBe(200);
    expect(entries).toBeLessThanOrEqual(200);
  });
});

describe("a large cache, whose ghosts see a sample", () => {
  test("moves entry by entry into the order of the policy that governs", () => {
    const large = new Cache(1_500, 1_000);
    large.run(zipf(15_000, 10_000, 0.6));
    const { curves, switches } = large.order.adaptation;
    expect(curves.rate).toBeLessThan(1);
    large.run(loop(30_000, 2_500, 20));
    expect(large.order.adaptation.switches).toBeGreaterThan(switches);
    expect(large.cache.entries).toBe(1_500);
    // Whoever is here is hit: nothing was lost on the way.
    const held = [...loop(30_000, 2_500, 1)].filter((id) => large.cache.holds(id));
    expect(held.length).toBeGreaterThan(1_000);
    expect(large.run(held)).toBe(held.length);
  });

  test("tells a policy that comes to govern the capacity there is now", () => {
    const large = new Cache(1_500, 1_000);
    large.run(zipf(15_000, 10_000, 0.6));
    large.cache.resize(300);
    const told = [S3FifoOrder, TinyLfuOrder].map((order) => vi.spyOn(order.prototype, "resize"));
    const { switches } = large.order.adaptation;
    large.run(loop(30_000, 500, 60));
    large.run(zipf(15_000, 10_000, 0.9));
    large.run(loop(60_000, 500, 60));
    expect(large.order.adaptation.switches).toBeGreaterThan(switches);
    const capacities = told.flatMap(({ mock }) => mock.calls.map(([capacity]) => capacity));
    expect(capacities.length).toBeGreaterThan(0);
    expect(Math.max(...capacities)).toBeLessThanOrEqual(300);
    for (const one of told) one.mockRestore();
  });

  test("forgets what ends while it moves", () => {
    const large = new Cache(1_500, 1_000);
    large.run(zipf(15_000, 10_000, 0.6));
    const { switches } = large.order.adaptation;
    // Looked at in the very moment of the change, with most entries still to move.
    for (const id of loop(30_000, 2_500, 20)) {
      large.ask(id);
      if (large.order.adaptation.switches > switches) break;
    }
    expect(large.order.adaptation.switches).toBe(switches + 1);
    for (let id = 30_000; id < 32_500; id += 3) large.cache.remove(id);
    large.cache.validate();
    const { entries } = large.cache;
    const held = [...loop(30_000, 2_500, 1)].filter((id) => large.cache.holds(id));
    expect(large.run(held)).toBe(held.length);
    expect(large.cache.entries).toBe(entries);
  });
});
