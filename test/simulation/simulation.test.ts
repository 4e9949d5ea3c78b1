/**
 * The protocol under everything that can go wrong, and the proof that the simulator would notice:
 * each way in which it must not be built is found within the first seeds.
 */
import { describe, expect, test } from "vitest";
import { coveredTwice, mutations } from "./mutations.ts";
import { type Mutation, simulate } from "./simulation.ts";

const cleanSeeds = 200;
/** Each found something once, in a long run. */
const tellingSeeds = [1_020_242, 2_063_458, 2_089_682, 3_023_379];
const mutationSeeds = 200;

test(`${cleanSeeds} seeds run clean, and not because nothing happens`, () => {
  const total = new Map<string, number>();
  for (let seed = 1; seed <= cleanSeeds; seed += 1) {
    const { violations, tally } = simulate(seed);
    expect(violations, `npm run simulate -- --first ${seed} --seeds 1`).toEqual([]);
    for (const [what, count] of Object.entries(tally)) {
      total.set(what, (total.get(what) ?? 0) + count);
    }
  }
  // Of every outcome enough that a rule about it is put to the test.
  expect(Math.min(...total.values()), JSON.stringify([...total])).toBeGreaterThan(10 * cleanSeeds);
});

test.each(tellingSeeds)("seed %d runs clean", (seed) => {
  expect(simulate(seed).violations).toEqual([]);
});

test("a seed is the same run each time", () => {
  const transcript = (seed: number) => {
    const lines: string[] = [];
    const run = simulate(seed, {}, (atMs, who, { kind }) => lines.push(`${atMs} ${who} ${kind}`));
    return { run, lines };
  };
  expect(transcript(7)).toEqual(transcript(7));
  expect(transcript(7).lines).not.toEqual(transcript(8).lines);
});

describe("is noticed:", () => {
  test.each(Object.entries(mutations))("%s", (_, mutation) => {
    const noticed = firstSeed((seed) => isNoticed(seed, mutation));
    expect(noticed).toBeLessThanOrEqual(mutationSeeds);
  });
});

describe("is noticed only where what else covers it is taken away too:", () => {
  test.each(Object.entries(coveredTwice))("%s", (_, [covered, cover]) => {
    const both: Mutation = {
      rules: { ...covered.rules, ...cover.rules },
      habits: { ...covered.habits, ...cover.habits },
    };
    const noticed = firstSeed(
      (seed) => isNoticed(seed, both) && !isNoticed(seed, covered) && !isNoticed(seed, cover),
    );
    expect(noticed).toBeLessThanOrEqual(mutationSeeds);
  });
});

function isNoticed(seed: number, mutation: Mutation): boolean {
  return simulate(seed, mutation).violations.length > 0;
}

function firstSeed(isIt: (seed: number) => boolean): number {
  for (let seed = 1; seed <= mutationSeeds; seed += 1) if (isIt(seed)) return seed;
  return Number.POSITIVE_INFINITY;
}
