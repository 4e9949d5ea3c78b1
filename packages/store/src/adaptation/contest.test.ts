import { expect, test } from "vitest";
import { Contest } from "./contest.ts";

const policies = ["lru", "lfu", "sieve"] as const;

function contest({ entries = 100, differing = 20 } = {}) {
  return new Contest({
    policies,
    first: "lru",
    entries: () => entries,
    differing: () => differing,
  });
}

/** As many requests as that, of which `odds[i]` in 100 hit under policy `i`, by chance. */
function run(from: Contest, requests: number, odds: readonly number[], costMs = 1): void {
  let state = 7;
  for (let at = 0; at < requests; at++) {
    let hits = 0;
    for (const [policy, share] of odds.entries()) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      if ((state / 2 ** 32) * 100 < share) hits |= 1 << policy;
    }
    from.observe(hits, costMs);
  }
}

test("who saves more governs, and not before that is clear", () => {
  const won = contest();
  run(won, 20, [0, 100, 0]);
  expect(won.governs).toBe("lru");
  run(won, 200, [0, 100, 0]);
  expect([won.governs, won.switches]).toEqual(["lfu", 1]);
});

test("chance decides nothing", () => {
  const even = contest();
  run(even, 50_000, [50, 50, 50]);
  expect([even.governs, even.switches]).toEqual(["lru", 0]);
});

test("milliseconds count, not hits", () => {
  const costly = contest();
  for (let at = 0; at < 2_000; at++) {
    costly.observe(0b001, 1);
    costly.observe(0b001, 1);
    costly.observe(0b100, 10);
  }
  expect(costly.governs).toBe("sieve");
});

test("a change has to earn what it costs", () => {
  const small = contest({ differing: 10 });
  const large = contest({ differing: 100_000 });
  for (const one of [small, large]) run(one, 5_000, [50, 60, 50]);
  expect([small.governs, large.governs]).toEqual(["lfu", "lru"]);
});

test("the past fades: who is better now governs soon", () => {
  const phases = contest();
  run(phases, 50_000, [10, 60, 10]);
  expect(phases.governs).toBe("lfu");
  run(phases, 2_000, [60, 10, 10]);
  expect(phases.governs).toBe("lru");
});
