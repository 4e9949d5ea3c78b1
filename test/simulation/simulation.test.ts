/**
 * The protocol under everything that can go wrong, and the proof that the simulator would notice:
 * each way in which it must not be built is found within the first seeds.
 */
import { describe, expect, test } from "vitest";
import { mutations, pairs } from "./mutations.ts";
import { type Mutation, simulate } from "./simulation.ts";

const cleanSeeds = 150;
const mutationSeeds = 120;

test(`${cleanSeeds} seeds run clean`, () => {
  for (let seed = 1; seed <= cleanSeeds; seed += 1) {
    const { violations } = simulate(seed);
    expect(violations, `npm run simulate -- --first ${seed} --seeds 1`).toEqual([]);
  }
});

test("a seed is the same run each time", () => {
  expect(simulate(7)).toEqual(simulate(7));
});

describe("is noticed:", () => {
  test.each(Object.entries(mutations))("%s", (_, mutation) => {
    expect(seedThatNotices(mutation)).toBeLessThanOrEqual(mutationSeeds);
  });
});

function seedThatNotices(mutation: Mutation): number {
  for (let seed = 1; seed <= mutationSeeds; seed += 1) {
    if (simulate(seed, mutation).violations.length > 0) return seed;
  }
  return Number.POSITIVE_INFINITY;
}

describe("covered twice, so that only both together are noticed:", () => {
  test.each(Object.entries(pairs))("%s", (_, both) => {
    const rules = Object.assign({}, ...both.map((mutation) => mutation.rules));
    const habits = Object.assign({}, ...both.map((mutation) => mutation.habits));
    expect(seedThatNotices({ rules, habits })).toBeLessThanOrEqual(mutationSeeds);
  });
});
