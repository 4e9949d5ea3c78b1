import { expect, test } from "vitest";
import { find } from "./finding.ts";
import type { History, RequestRecord } from "./history.ts";

const times = { startMs: 1_000, faultMs: 4_000, untilMs: 10_000 };
const empty: History = { requests: [], computations: [], changes: [], invalidations: [] };

test("what started before or after the experiment is not its own", () => {
  const requests = [500, 1_500, 5_000, 10_000].map((startMs) => asked(startMs, 1));
  const found = find({ ...empty, requests }, times, 0);
  expect(found).toMatchObject({ requests: 2, before: { requests: 1 }, during: { requests: 1 } });
});

test("p99 is back when no window is slower than three times the baseline, and than 100 ms", () => {
  const baseline = Array.from({ length: 100 }, (_, index) => asked(1_000 + index * 10, 50));
  const slowUntil = (endMs: number, durationMs: number) => [
    asked(4_100, durationMs),
    asked(endMs - 100, durationMs),
    asked(endMs + 100, 10),
  ];
  const recovery = (later: readonly RequestRecord[], lagMs = 0) =>
    find({ ...empty, requests: [...baseline, ...later] }, times, lagMs).p99RecoveryMs;
  expect(recovery(slowUntil(6_000, 151))).toBe(2_000);
  expect(recovery(slowUntil(6_000, 149))).toBe(0);
  expect(recovery(slowUntil(6_000, 151), 10)).toBe(0);
  expect(recovery([{ ...asked(8_500, 1), outcome: failure }])).toBe(5_000);
});

test("only what is computed too often since the fault counts", () => {
  const at = (key: string, ...moments: number[]) =>
    moments.map((atMs) => ({ key, generation: 1, atMs }));
  const computations = [
    ...at("once", 5_000),
    ...at("lost in an earlier experiment", 100, 2_000),
    ...at("lost in both", 100, 2_000, 5_000, 6_000),
    ...at("lost in this one", 100, 5_000),
  ];
  const requests = computations.map(({ key }) => ({ ...asked(100, 1), key }));
  const found = find({ ...empty, requests, computations }, times, 0);
  expect(found).toMatchObject({ recomputedKeys: 2, recomputedMost: 2 });
});

const failure = { kind: "failed", reason: "LINK_LOST", message: "gone", wasAsked: true } as const;

function asked(startMs: number, durationMs: number): RequestRecord {
  const outcome = { kind: "answered", source: "node", generation: undefined } as const;
  return { key: "k", scopes: [], gateway: "g", startMs, endMs: startMs + durationMs, outcome };
}
