import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { KeyActivity } from "./key-activity.ts";

const keyOf = (name: number) => hash("sha256", String(name), "buffer");

test("tells what is asked for again from what is not", () => {
  const activity = new KeyActivity(7);
  for (let name = 0; name < 1_000; name++) activity.count(keyOf(name), 1_000);
  for (let round = 0; round < 4; round++) activity.count(keyOf(3), 1_000);
  expect([3, 4, 5].map((name) => activity.asksOf(keyOf(name)))).toEqual([5, 1, 1]);
  expect(activity.asksOf(keyOf(5_000))).toBe(0);
});

test("counts up to 15", () => {
  const activity = new KeyActivity(7);
  for (let round = 0; round < 40; round++) activity.count(keyOf(1), 1);
  expect(activity.asksOf(keyOf(1))).toBe(15);
});

test("keeps its counts as keys become more", () => {
  const activity = new KeyActivity(7);
  for (let round = 0; round < 3; round++) activity.count(keyOf(1), 1);
  for (let name = 2; name < 200; name++) activity.count(keyOf(name), 100_000);
  expect(activity.asksOf(keyOf(1))).toBe(3);
});

test("forgets what was popular once", () => {
  const activity = new KeyActivity(7);
  for (let round = 0; round < 15; round++) activity.count(keyOf(1), 1);
  for (let name = 2; name < 45_000; name++) activity.count(keyOf(name), 1);
  expect(activity.asksOf(keyOf(1))).toBeLessThan(10);
});
