import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Batcher } from "./batcher.ts";

const config = { maxSize: 8, maxDelayMs: 2, tolerance: 0 };
/** Company costs nothing: as many as there are, up to eight. */
const sizes = new Map([1, 2, 3, 4, 5, 6, 7, 8].map((rows) => [rows, 1] as const));
const ones = (count: number): number[] => Array(count).fill(1);

function taken(batcher: Batcher, rows: readonly number[], idle = 1): number {
  const choice = batcher.choose(rows, idle, 0);
  if (choice.kind === "hold") return expect.unreachable("nobody is held back at first");
  return choice.jobs;
}

describe("jobs taken together", () => {
  test("are as many as wait, up to the target", () => {
    const batcher = new Batcher(config, sizes, 0);
    expect([1, 3, 8, 20].map((count) => taken(batcher, ones(count)))).toEqual([1, 3, 8, 8]);
  });

  test("are shared among the processes that have nothing to do", () => {
    expect(taken(new Batcher(config, sizes, 0), ones(6), 2)).toBe(3);
  });

  test("never have a number of rows that was not tried", () => {
    const some = new Map([1, 2, 4].map((rows) => [rows, 1] as const));
    const rows = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 3 }), (waiting, idle) => {
        const jobs = taken(new Batcher(config, some, 0), waiting, idle);
        const together = waiting.slice(0, jobs).reduce((sum, count) => sum + count, 0);
        expect(jobs === 1 || some.has(together)).toBe(true);
      }),
    );
  });

  test("are fewer when so many failed", () => {
    const batcher = new Batcher(config, sizes, 0);
    batcher.exclude(5);
    expect(taken(batcher, ones(8))).toBe(4);
    expect(batcher.target).toBe(4);
  });

  test("are one where rows get no cheaper", () => {
    const linear = new Map([1, 2, 3, 4, 5, 6, 7, 8].map((rows) => [rows, rows] as const));
    expect(taken(new Batcher(config, linear, 0), ones(8))).toBe(1);
  });
});

test("jobs are held back while that is tried, no longer than the delay, and not beyond the target", () => {
  const batcher = new Batcher(config, sizes, 0);
  let nowMs = 0;
  let held = batcher.choose(ones(4), 1, nowMs);
  while (held.kind === "take" && nowMs < 5_000) {
    nowMs += 2;
    batcher.ran(4, 1, nowMs);
    held = batcher.choose(ones(4), 1, nowMs);
  }
  expect(held).toEqual({ kind: "hold", untilMs: nowMs + 2 });
  expect(batcher.choose(ones(5), 1, nowMs + 1)).toEqual(held);
  expect(batcher.choose(ones(8), 1, nowMs + 1)).toEqual({ kind: "take", jobs: 8 });
  expect(batcher.choose(ones(4), 1, nowMs + 5)).toEqual({ kind: "hold", untilMs: nowMs + 7 });
  expect(batcher.choose(ones(4), 1, nowMs + 7)).toEqual({ kind: "take", jobs: 4 });
});
