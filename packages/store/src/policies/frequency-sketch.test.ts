import { expect, test } from "vitest";
import { FrequencySketch } from "./frequency-sketch.ts";

test("a sketch never counts less than there was, up to 15, and seldom more", () => {
  const sketch = new FrequencySketch(1_000);
  const counts = Array.from({ length: 1_000 }, (_, key) => (key % 97 === 0 ? 20 : key % 4));
  for (const [key, count] of counts.entries()) {
    for (let seen = 0; seen < count; seen++) sketch.increment(key * 7_919);
  }
  let wrong = 0;
  for (const [key, count] of counts.entries()) {
    const estimate = sketch.estimate(key * 7_919);
    expect(estimate).toBeGreaterThanOrEqual(Math.min(15, count));
    if (estimate > Math.min(15, count)) wrong += 1;
  }
  expect(wrong).toBeLessThan(20);
});

test("a sketch halves all counts after ten times as many increments as keys", () => {
  const sketch = new FrequencySketch(100);
  for (let seen = 0; seen < 9; seen++) sketch.increment(1);
  for (let key = 2; key < 992; key++) sketch.increment(key);
  expect(sketch.estimate(1)).toBeGreaterThanOrEqual(9);
  sketch.increment(5_000);
  expect(sketch.estimate(1)).toBeLessThanOrEqual(6);
  expect(sketch.estimate(1)).toBeGreaterThanOrEqual(4);
});

test("a sketch keeps its counts when it grows", () => {
  const sketch = new FrequencySketch(64);
  for (let key = 0; key < 60; key++) {
    for (let seen = 0; seen <= key % 8; seen++) sketch.increment(key);
  }
  const before = Array.from({ length: 60 }, (_, key) => sketch.estimate(key));
  sketch.grow(128);
  sketch.grow(1_000);
  expect(Array.from({ length: 60 }, (_, key) => sketch.estimate(key))).toEqual(before);
});
