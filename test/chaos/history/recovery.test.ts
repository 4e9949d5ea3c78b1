import { expect, test } from "vitest";
import type { RequestRecord } from "./history.ts";
import { health, quantile, recoveryWindows, startedBetween, windowsOf } from "./recovery.ts";

test("quantiles are values that occurred", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([0, 0.5, 0.99, 1].map((share) => quantile(hundred, share))).toEqual([1, 50, 99, 100]);
  expect(quantile([], 0.5)).toBeNaN();
});

test("health counts hits, failures and durations", () => {
  const requests = [asked(0, 5, "l1"), asked(1, 9, "computed"), asked(2, 1, "failed")];
  expect(health(requests)).toEqual({
    requests: 3,
    failed: 1,
    hitRatio: 1 / 3,
    p50Ms: 5,
    p99Ms: 9,
    hitP99Ms: 5,
  });
});

test("a request belongs to the moment of its start", () => {
  const requests = [asked(9, 100, "l1"), asked(10, 1, "l1"), asked(20, 1, "l1")];
  expect(startedBetween(requests, 10, 20)).toEqual([requests[1]]);
});

test("windows are told apart by the start of their requests", () => {
  const times = { fromMs: 1_000, untilMs: 1_250, windowMs: 100 };
  const requests = [asked(999, 1, "l1"), asked(1_099, 500, "l1"), asked(1_200, 1, "failed")];
  const windows = windowsOf(requests, times);
  expect(windows.map((window) => [window.requests, window.failed])).toEqual([
    [1, 0],
    [0, 0],
    [1, 1],
  ]);
});

test.each([
  ["nothing was noticed", "ggggg", 0],
  ["until the first calm stretch", "bgbbgggb", 4],
  ["what comes after it has another cause", "bgggbbb", 1],
  ["it is good at the end, if not for long", "bbbgg", 3],
  ["it never becomes good", "bgbgb", 5],
  ["nobody asked", "", 0],
])("recovery: %s", (_, letters, expected) => {
  const good = health([asked(0, 1, "l1")]);
  const bad = health([asked(0, 1, "failed")]);
  const windows = [...letters].map((letter) => (letter === "g" ? good : bad));
  expect(recoveryWindows(windows, 3, ({ failed }) => failed === 0)).toBe(expected);
});

function asked(
  startMs: number,
  durationMs: number,
  result: "l1" | "node" | "computed" | "failed",
): RequestRecord {
  const outcome =
    result === "failed"
      ? ({ kind: "failed", reason: "LINK_LOST", message: "", wasAsked: true } as const)
      : ({ kind: "answered", source: result, generation: undefined } as const);
  return { key: "k", scopes: [], gateway: "g", startMs, endMs: startMs + durationMs, outcome };
}
