import { seededRandom } from "@kvring/models";
import { expect, test } from "vitest";
import { draws, lawNames, laws, zipf } from "./laws.ts";

const items = 200;
const taken = (name: (typeof lawNames)[number], seed: number, length = 4_000) =>
  Array.from({ length }, laws[name].stream(items, seededRandom(seed)));

test.each(lawNames)("%s asks for what there is, and is repeatable by its seed", (name) => {
  const stream = taken(name, 3);
  expect(stream.every((item) => Number.isInteger(item) && item >= 0 && item < items)).toBe(true);
  expect(taken(name, 3)).toEqual(stream);
  expect(taken(name, 4)).not.toEqual(stream);
});

test.each(lawNames.slice(0, 4))("%s draws every item as often as it says", (name) => {
  const popularity = laws[name].popularity?.(50) ?? new Float64Array(0);
  expect(popularity.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  const total = 10_000;
  let next = 0;
  // Evenly spread instead of random: every item gets its share to within one draw at each end.
  const draw = draws(popularity, () => (next++ + 0.5) / total);
  const counts = new Array<number>(50).fill(0);
  for (let index = 0; index < total; index += 1) {
    const item = draw();
    counts[item] = (counts[item] ?? Number.NaN) + 1;
  }
  for (const [item, share] of popularity.entries()) {
    expect(Math.abs((counts[item] ?? 0) - total * share)).toBeLessThanOrEqual(1);
  }
});

test("Zipf's second is asked 2^s times less than the first", () => {
  const [first = 0, second = 0] = zipf(10, 1.2);
  expect(first / second).toBeCloseTo(2 ** 1.2, 12);
});

const favourite = (stream: readonly number[]): number => {
  const counts = new Map<number, number>();
  for (const item of stream) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most))[0];
};

test("the favourite of shifting popularity is another one after every 500 requests", () => {
  const stream = taken("shifting", 1);
  expect(favourite(stream.slice(0, 500))).toBe(0);
  expect(favourite(stream.slice(500, 1_000))).toBe(10);
  expect(favourite(stream.slice(1_000, 1_500))).toBe(20);
});

test("a scan goes through a quarter of the items, each once, and goes on there next time", () => {
  const stream = taken("scan", 1);
  expect(stream.slice(1_000, 1_050)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  expect(stream.slice(2_050, 2_100)).toEqual(Array.from({ length: 50 }, (_, index) => index + 51));
});
