import { expect, test } from "vitest";
import { afterDeath, noDeaths, restartMs } from "./restarts.ts";

test("the wait doubles with every death, up to ten seconds", () => {
  const waits: number[] = [];
  for (let deaths = noDeaths; waits.length < 9; ) {
    deaths = afterDeath(deaths, 500);
    waits.push(restartMs(deaths));
  }
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

test("a process that had been stable is restarted as fast as the first time", () => {
  const worn = afterDeath(afterDeath(afterDeath(noDeaths, 0), 0), 9_999);
  expect(restartMs(worn)).toBe(400);
  expect(restartMs(afterDeath(worn, 10_000))).toBe(100);
});
