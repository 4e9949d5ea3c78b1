import { describe, expect, test } from "vitest";
import { policyNames } from "./store.ts";
import { TraceCache } from "./trace-cache.ts";

const request = (id: number, size = 1, atMs = 0) => ({ id, size, costMs: 1, atMs });

describe.each(policyNames)("a trace under %s", (policy) => {
  test("hits what is there, and never holds more than its capacity", () => {
    const cache = new TraceCache({ policy, capacity: 5_000, unit: "bytes" });
    const present = new Set<number>();
    let hits = 0;
    for (let at = 0; at < 20_000; at++) {
      const id = (at * at * 7) % 3_001;
      const isHit = cache.request(request(id, 1 + (id % 50)));
      if (isHit) expect(present.has(id)).toBe(true);
      present.add(id);
      hits += isHit ? 1 : 0;
      if (at % 4_000 === 0) cache.validate();
    }
    expect(hits).toBeGreaterThan(0);
    expect(cache.evictions).toBeGreaterThan(0);
    expect(cache.usedSize).toBeLessThanOrEqual(5_000);
    cache.validate();
  });

  test("has no place for what is larger than it", () => {
    const cache = new TraceCache({ policy, capacity: 10, unit: "bytes" });
    cache.request(request(1, 10));
    expect(cache.request(request(2, 11))).toBe(false);
    expect(cache.request(request(2, 11))).toBe(false);
    expect(cache.request(request(1, 10))).toBe(true);
    expect(cache.evictions).toBe(0);
  });

  test("forgets after its time to live, which hits do not prolong", () => {
    const cache = new TraceCache({ policy, capacity: 10, unit: "entries", ttlMs: 100 });
    const hits = [0, 50, 99.5, 100, 150, 200].map((atMs) => cache.request(request(1, 1, atMs)));
    expect(hits).toEqual([false, true, true, false, true, false]);
    expect([cache.evictions, cache.usedSize]).toEqual([0, 1]);
    cache.validate();
  });
});
