import { expect, test } from "vitest";
import { find } from "./finding.ts";
import type { History, RequestRecord } from "./history.ts";

const times = { startMs: 1_000, faultMs: 4_000, healedMs: undefined, untilMs: 10_000 };
const empty: History = { requests: [], computations: [], changes: [], invalidations: [] };

test("what started before or after the experiment is not its own", () => {
  const requests = [500, 1_500, 5_000, 10_000].map((startMs) => asked(startMs, 1));
  const found = find({ ...empty, requests }, times, 0);
  expect(found).toMatchObject({ requests: 2, before: { requests: 1 }, during: { requests: 1 } });
});

const baseline = Array.from({ length: 100 }, (_, index) => asked(1_000 + index * 10, 50));

test("slow is more than three times the baseline, and than the machine withholds", () => {
  const recovery = (later: RequestRecord, lagMs: number) =>
    find({ ...empty, requests: [...baseline, later] }, times, lagMs).p99RecoveryMs;
  expect(recovery(asked(5_100, 151), 0)).toBe(2_000);
  expect(recovery(asked(5_100, 149), 0)).toBe(0);
  expect(recovery(asked(5_100, 151), 10)).toBe(0);
  expect(recovery({ ...asked(5_100, 1), outcome: failure }, 10)).toBe(2_000);
});

test("recovery begins when the fault is over, where it can be", () => {
  const requests = [...baseline, asked(4_500, 900), asked(7_100, 900)];
  const found = find({ ...empty, requests }, { ...times, healedMs: 6_000 }, 0);
  expect(found.p99RecoveryMs).toBe(2_000);
});

test("a second whose hits are few is a dip", () => {
  const misses = Array.from({ length: 60 }, (_, index) => ({
    ...asked(6_000 + index, 1),
    outcome: { kind: "answered", source: "computed", generation: undefined } as const,
  }));
  expect(find({ ...empty, requests: [...baseline, ...misses] }, times, 0)).toMatchObject({
    hitDips: 1,
    hitRecoveryMs: 3_000,
  });
  // Too few to tell.
  const few = [...baseline, ...misses.slice(0, 40)];
  expect(find({ ...empty, requests: few }, times, 0).hitDips).toBe(0);
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
