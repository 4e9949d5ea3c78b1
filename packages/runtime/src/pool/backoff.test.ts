import { expect, test } from "vitest";
import { afterDeath, delayMs, fresh } from "./backoff.ts";

test("the wait doubles with every death, up to ten seconds", () => {
  const waits: number[] = [];
  for (let backoff = fresh; waits.length < 9; ) {
    backoff = afterDeath(backoff, 500);
    waits.push(delayMs(backoff));
  }
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

test("a child that had been stable is restarted as fast as the first time", () => {
  const worn = afterDeath(afterDeath(afterDeath(fresh, 0), 0), 9_999);
  expect(delayMs(worn)).toBe(400);
  expect(delayMs(afterDeath(worn, 10_000))).toBe(100);
});
