import { describe, expect, test } from "vitest";
import { readCacheControl } from "../cache/cache-control.ts";
import { entryOf } from "../catalog/testing/catalog.ts";
import { isRefreshDue, revalidatedMsFor, staleMsFor } from "./tolerance.ts";

const asking = (control: string, staleWhileRevalidateMs?: number) => ({
  cache: readCacheControl([{ name: "cache_control", kind: "string", value: control }]),
  model: {
    ...entryOf(),
    scopes: [],
    ...(staleWhileRevalidateMs !== undefined && { staleWhileRevalidateMs }),
  },
});

describe("an answer may have expired", () => {
  test.each<[string, number | undefined, number, number]>([
    ["", undefined, 0, 0],
    ["max-stale=3", undefined, 3_000, 0],
    ["", 5_000, 5_000, 5_000],
    ["max-stale=3", 5_000, 5_000, 5_000],
    ["max-stale=9", 5_000, 9_000, 5_000],
    ["max-age=60", 5_000, 0, 0],
    ["max-age=60, max-stale=2", 5_000, 2_000, 0],
  ])(
    "%j, with a model that allows %j: %i ms ago, %i of them with a refresh",
    (control, model, stale, refreshed) => {
      expect(staleMsFor(asking(control, model))).toBe(stale);
      expect(revalidatedMsFor(asking(control, model))).toBe(refreshed);
    },
  );
});

describe("an early refresh", () => {
  const half = () => Math.exp(-1);
  test.each<[boolean, number, number, number]>([
    [false, 0, 1_000, 1],
    [true, 1, 1_000, 1_000],
    [false, 1, 1_000, 1_001],
    [true, 2, 1_000, 1_500],
    [false, 0.5, 1_000, 501],
  ])(
    "is due: %s, at eagerness %d, for what took %d ms and lives for %d",
    (due, eagerness, costMs, ttlMs) => {
      expect(isRefreshDue(eagerness, { costMs, ttlMs }, half)).toBe(due);
    },
  );

  test("is as likely as the paper says", () => {
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    let due = 0;
    for (let draw = 0; draw < 20_000; draw++) {
      if (isRefreshDue(1, { costMs: 100, ttlMs: 100 }, random)) due += 1;
    }
    // An exponential variable of mean 100 exceeds 100 with probability 1/e.
    expect(due / 20_000).toBeCloseTo(Math.exp(-1), 1);
  });
});
