import { expect, test } from "vitest";
import { Patience } from "./patience.ts";

/** Runs batches for a while; `took` tells rows and milliseconds of one, by whether it waits. */
function after(batches: number, took: (waits: boolean) => readonly [rows: number, ms: number]) {
  let nowMs = 0;
  const patience = new Patience(nowMs);
  let waited = 0;
  for (let batch = 0; batch < batches; batch += 1) {
    if (patience.waits) waited += 1;
    const [rows, ms] = took(patience.waits);
    nowMs += ms;
    patience.ran(rows, nowMs);
  }
  return { waits: patience.waits, waited, batches };
}

test("waits where that brings more rows per second", () => {
  // Two halves of the callers take turns, unless one half waits for the other.
  const { waited, batches } = after(5_000, (waits) => (waits ? [16, 2.5] : [8, 2]));
  expect(waited / batches).toBeGreaterThan(0.7);
});

test("does not where it brings the same, but for a trial now and then", () => {
  const { waited, batches } = after(5_000, (waits) => (waits ? [16, 4] : [8, 2]));
  expect(waited).toBeGreaterThan(0);
  expect(waited / batches).toBeLessThan(0.15);
});

test("never does for callers who come alone", () => {
  expect(after(5_000, (waits) => [1, waits ? 4 : 2]).waited).toBe(0);
});

test("forgets about waiting when there is little to do", () => {
  expect(after(3_000, (waits) => [waits ? 16 : 8, 100]).waited).toBe(0);
});

test("gives it up when it no longer pays", () => {
  let batch = 0;
  let waitedLate = 0;
  after(10_000, (isWaiting) => {
    batch += 1;
    if (batch < 5_000) return isWaiting ? [16, 2.5] : [8, 2];
    if (batch > 6_000 && isWaiting) waitedLate += 1;
    return isWaiting ? [8, 4] : [8, 2];
  });
  expect(waitedLate / 4_000).toBeLessThan(0.15);
});
