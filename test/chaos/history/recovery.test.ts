import { expect, test } from "vitest";
import type { RequestRecord } from "./history.ts";
import { health, quantile, recoveryMs, startedBetween } from "./recovery.ts";

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

test("recovery ends with the last window that was worse than allowed", () => {
  const slowAt = (startMs: number) => asked(startMs, 50, "node");
  const fastAt = (startMs: number) => asked(startMs, 1, "node");
  const options = {
    faultMs: 1000,
    untilMs: 1400,
    windowMs: 100,
    isGood: ({ p99Ms }: { p99Ms: number }) => p99Ms <= 10,
  };
  // Before the fault, in the first and third window, and after what is looked at.
  const requests = [slowAt(950), slowAt(1010), fastAt(1110), slowAt(1299), slowAt(1400)];
  expect(recoveryMs(requests, options)).toBe(300);
  expect(recoveryMs([fastAt(1010)], options)).toBe(0);
  expect(recoveryMs([], options)).toBe(0);
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
