import { describe, expect, test } from "vitest";
import { policyNames } from "../store.ts";
import { zipf } from "../testing/zipf.ts";
import { TraceCache } from "../trace-cache.ts";
import { GhostCaches } from "./ghost-caches.ts";

const sizeOf = (key: number): number => 1 + ((key * 37) % 9);
const ask = (ghosts: GhostCaches, key: number) =>
  ghosts.request({ fingerprint: key, size: sizeOf(key), costMs: 1 });

describe("ghosts that see everything", () => {
  test("hit whenever a cache of that policy does", () => {
    const options = { capacity: 300, unit: "bytes" } as const;
    const ghosts = new GhostCaches({ ...options, factors: [1], mostKeys: 1_000 });
    // W-TinyLFU's sketch is sized by other rules in a trace's cache.
    const policies = policyNames.filter((policy) => policy !== "w-tinylfu");
    const caches = policies.map((policy) => new TraceCache({ policy, ...options }));
    for (const [at, key] of zipf(6_000, 500, 0.8).entries()) {
      const hits = ask(ghosts, key) ?? Number.NaN;
      for (const [index, policy] of policies.entries()) {
        const request = { id: key, size: sizeOf(key), costMs: 1, atMs: 0 };
        const isHit = caches[index]?.request(request);
        const bit = (hits >> policyNames.indexOf(policy)) & 1;
        if (policy !== "gdsf") expect(bit === 1, `${policy} at ${at}`).toBe(isHit);
      }
    }
    expect(ghosts.rate).toBe(1);
    ghosts.validate();
  });

  test("forget what has ended, and follow what changes its size", () => {
    const ghosts = new GhostCaches({ capacity: 20, unit: "bytes", factors: [1], mostKeys: 50 });
    const request = (fingerprint: number, size: number) =>
      ghosts.request({ fingerprint, size, costMs: 1 });
    expect([request(1, 5), request(1, 5)]).toEqual([0, 0b1111111]);
    ghosts.remove(1);
    expect(request(1, 5)).toBe(0);
    ghosts.replace({ fingerprint: 1, size: 18, costMs: 1 });
    ghosts.validate();
    request(2, 5);
    expect(request(1, 18)).toBe(0);
    ghosts.replace({ fingerprint: 1, size: 21, costMs: 1 });
    expect(ghosts.holds(0, 1)).toBe(false);
    ghosts.validate();
  });
});

describe("ghosts that see a sample", () => {
  const factors = [0.5, 1, 2];
  const requests = zipf(150_000, 40_000, 0.7);
  const ghosts = new GhostCaches({ capacity: 4_000, unit: "entries", factors, mostKeys: 4_096 });
  for (const key of requests) ghosts.request({ fingerprint: key, size: 1, costMs: 2 });
  const { points, rate, keys } = ghosts.curves();

  test("are bounded, and each as full as it may be", () => {
    expect(rate).toBeLessThan(0.4);
    expect(keys).toBeLessThanOrEqual(4_096);
    ghosts.validate();
  });

  test.each(policyNames)("predict what %s hits, within three points", (policy) => {
    for (const factor of factors) {
      const capacity = 4_000 * factor;
      const cache = new TraceCache({ policy, capacity, unit: "entries" });
      const request = (id: number) => cache.request({ id, size: 1, costMs: 2, atMs: 0 });
      const hits = requests.filter((key) => request(key)).length;
      const point = points.find((one) => one.policy === policy && one.capacity === capacity);
      const difference = (point?.hitRatio ?? Number.NaN) - hits / requests.length;
      expect(Math.abs(difference), `${capacity} entries`).toBeLessThan(0.03);
      expect(point?.savedShare).toBeCloseTo(point?.hitRatio ?? Number.NaN, 9);
    }
  });
});
