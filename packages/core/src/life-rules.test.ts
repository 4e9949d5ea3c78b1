import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LifeRules, lifeOf, lifeRulesOf } from "./life-rules.ts";
import { limits } from "./limits.ts";

const plain = { tags: [], requestTtlMs: undefined, asks: undefined };
const defaults = { ttlMs: 60_000, staleMs: 0 };

describe("an answer lives", () => {
  const rare = { asks: 3, inactiveTtlMs: 9 };
  test.each<[number, LifeRules, Partial<Parameters<typeof lifeOf>[1]>]>([
    [60_000, {}, {}],
    [5_000, { ttlMs: 5_000 }, {}],
    [90_000, { ttlMs: 90_000 }, {}],
    [7, { ttlMs: 5_000 }, { requestTtlMs: 7 }],
    [5_000, { ttlMs: 5_000 }, { requestTtlMs: 7_000 }],
    [3, { ttlMs: 5_000, tagTtlMs: { price: 3, other: 1 } }, { tags: ["x", "price"] }],
    [60_000, { tagTtlMs: { price: 3 } }, { tags: ["toString", "__proto__"] }],
    [9, { activity: rare }, { asks: 2 }],
    [60_000, { activity: rare }, { asks: 3 }],
    [60_000, { activity: rare }, {}],
    [0, { ttlMs: 5_000, activity: { asks: 2, inactiveTtlMs: 0 } }, { asks: 1 }],
    [4, { ttlMs: 4, activity: { asks: 2, inactiveTtlMs: 900 } }, { asks: 1 }],
  ])("%i ms by %j, asked for as %j", (expected, rules, answer) => {
    expect(lifeOf(rules, { ...plain, ...answer }, defaults).ttlMs).toBe(expected);
  });
});

test("it is kept past its life by its model's rule or the default, and not where it is rare", () => {
  const keeps = { ...defaults, staleMs: 700 };
  expect(lifeOf({}, plain, keeps).staleMs).toBe(700);
  expect(lifeOf({ staleWhileRevalidateMs: 900 }, plain, keeps).staleMs).toBe(900);
  const rare = { staleWhileRevalidateMs: 900, activity: { asks: 2, inactiveTtlMs: 5 } };
  expect(lifeOf(rare, { ...plain, asks: 1 }, keeps)).toEqual({ ttlMs: 5, staleMs: 0 });
});

test("nothing is older than a day in the end", () => {
  const day = limits.entryTtlMs;
  fc.assert(
    fc.property(fc.nat(2 * day), fc.nat(day), (ttl, stale) => {
      const life = lifeOf(
        { staleWhileRevalidateMs: stale },
        { ...plain, requestTtlMs: ttl },
        defaults,
      );
      expect(life.staleMs).toBeLessThanOrEqual(stale);
      expect(life.ttlMs + life.staleMs).toBe(Math.min(Math.min(ttl, day) + stale, day));
    }),
  );
});

test("rules are told from what stands beside them", () => {
  const rules: Required<LifeRules> = {
    ttlMs: 1,
    tagTtlMs: { a: 2 },
    staleWhileRevalidateMs: 3,
    earlyRefresh: 1,
    negativeTtlMs: 4,
    activity: { asks: 2, inactiveTtlMs: 5 },
    policy: "sieve",
  };
  expect(lifeRulesOf({ ...rules, threads: 8 } as LifeRules)).toEqual(rules);
  expect(lifeRulesOf({})).toEqual({});
});
