import { describe, expect, test } from "vitest";
import { type CacheName, caches } from "./caches.ts";
import { keyOf } from "./keys.ts";

describe.each(Object.keys(caches) as CacheName[])("%s", (name) => {
  test("has what was put last, and as many as it was made for", () => {
    const cache = caches[name]({ entries: 1_000, valueBytes: 64 });
    expect(cache.get(0)).toBe(false);
    for (let n = 0; n < 1_500; n++) cache.put(n);
    expect(cache.size).toBeGreaterThan(980);
    expect(cache.size).toBeLessThanOrEqual(1_000);
    expect([cache.get(1_499), cache.get(1_500)]).toEqual([true, false]);
  });
});

test("keys differ, and come again", () => {
  const keys = Array.from({ length: 1_000 }, (_, n) => keyOf(n).toString("hex"));
  expect(new Set(keys).size).toBe(1_000);
  expect(keyOf(0).toString("hex")).toBe(keys[0]);
});
