import { expect, test } from "vitest";
import { seededRandom, shuffled } from "./random.ts";

test("a seed decides the numbers, and they are uniform", () => {
  const random = seededRandom(7);
  const numbers = Array.from({ length: 10_000 }, random);
  expect(numbers.slice(0, 3)).toEqual(Array.from({ length: 3 }, seededRandom(7)));
  expect(numbers.slice(0, 3)).not.toEqual(Array.from({ length: 3 }, seededRandom(8)));
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  expect(numbers.reduce((sum, number) => sum + number) / numbers.length).toBeCloseTo(0.5, 1);
});

test("these are Mulberry32's numbers", () => {
  const random = seededRandom(0);
  const words = [random(), random(), random()].map((number) => number * 2 ** 32);
  expect(words).toEqual([1_144_304_738, 1_416_247, 958_946_056]);
});

test("a shuffle keeps every item and leaves its argument alone", () => {
  const items = Array.from({ length: 100 }, (_, index) => index);
  const order = shuffled(items, seededRandom(1));
  expect(order).not.toEqual(items);
  expect(order.toSorted((a, b) => a - b)).toEqual(items);
  expect(items[99]).toBe(99);
});
