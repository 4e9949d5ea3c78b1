import { expect, test } from "vitest";
import { judge } from "./checker.ts";
import type { History, InvalidationRecord, RequestOutcome, RequestRecord } from "./history.ts";

const changes = [
  { generation: 1, atMs: 0 },
  { generation: 2, atMs: 100 },
  { generation: 3, atMs: 300 },
];

test("an answer of old data is stale when it was asked for after the promise", () => {
  const request = asked({ startMs: 151, generation: 1 });
  const invalidation = invalidated({ generation: 2, okMs: 150 });
  const { stale } = judge(history({ requests: [request], invalidations: [invalidation] }));
  expect(stale).toEqual([{ request, generation: 1, invalidation }]);
});

test.each([
  ["the request started before the promise", { startMs: 150, generation: 1 }, {}],
  ["the request started before and ended after", { startMs: 149, endMs: 900, generation: 1 }, {}],
  ["the answer is of the new data", { startMs: 151, generation: 2 }, {}],
  ["the answer is of newer data", { startMs: 400, generation: 3 }, {}],
  ["nothing was promised", { startMs: 151, generation: 1 }, { okMs: undefined }],
  ["another scope was invalidated", { startMs: 151, generation: 1 }, { scope: "tag:b" }],
  ["the model does not say its generation", { startMs: 151, generation: undefined }, {}],
])("an answer is not stale when %s", (_, request, invalidation) => {
  const invalidations = [invalidated({ generation: 2, okMs: 150, ...invalidation })];
  expect(judge(history({ requests: [asked(request)], invalidations })).stale).toEqual([]);
});

test("every scope of a request counts, and the strictest promise of each", () => {
  const invalidations = [
    invalidated({ scope: "tag:a", generation: 3, okMs: 310 }),
    // Promised later, but of older data: it takes nothing back.
    invalidated({ scope: "tag:a", generation: 2, okMs: 320 }),
  ];
  const scopes = ["all", "model:m", "tag:a"];
  const requests = [
    asked({ scopes, startMs: 330, generation: 2 }),
    asked({ scopes: ["all", "model:m"], startMs: 330, generation: 2 }),
  ];
  const { stale } = judge(history({ requests, invalidations }));
  expect(stale.map(({ request }) => request)).toEqual([requests[0]]);
});

test("requests are judged by their start, in whatever order they ended", () => {
  const late = asked({ startMs: 140, endMs: 500, generation: 1 });
  const early = asked({ startMs: 160, endMs: 161, generation: 1 });
  const invalidations = [invalidated({ generation: 2, okMs: 150 })];
  const { stale } = judge(history({ requests: [early, late], invalidations }));
  expect(stale.map(({ request }) => request)).toEqual([early]);
});

test("an answer of data that did not exist yet accuses the observer", () => {
  const requests = [
    asked({ startMs: 80, endMs: 99, generation: 2 }),
    asked({ startMs: 80, endMs: 100, generation: 2 }),
    asked({ startMs: 80, endMs: 100, generation: 7 }),
  ];
  expect(judge(history({ requests })).impossible).toEqual([requests[0], requests[2]]);
});

test("failures and wrong answers are told apart", () => {
  const failed = asked({
    outcome: { kind: "failed", reason: "LINK_LOST", message: "gone", wasAsked: true },
  });
  const wrong = asked({ outcome: { kind: "wrong", why: "the sum is 4" } });
  const judgement = judge(history({ requests: [failed, wrong, asked({})] }));
  expect(judgement).toMatchObject({ failed: [failed], wrong: [wrong] });
});

test("a key is computed once, and once more for each of its invalidations", () => {
  const at = (key: string, atMs: number) => ({ key, generation: 1, atMs });
  const requests = [asked({ key: "a", scopes: ["tag:a"] }), asked({ key: "b", scopes: ["tag:b"] })];
  const invalidations = [invalidated({ scope: "tag:a", okMs: undefined })];
  const computations = [at("a", 1), at("a", 2), at("b", 3), at("b", 4), at("b", 5), at("c", 6)];
  expect(judge(history({ requests, invalidations, computations })).recomputed).toEqual([
    { key: "b", computations: 3, excess: 2 },
  ]);
});

function history(parts: Partial<History>): History {
  return { requests: [], computations: [], invalidations: [], changes, ...parts };
}

function asked(
  parts: Partial<RequestRecord> & { readonly generation?: number | undefined },
): RequestRecord {
  const { generation = "generation" in parts ? undefined : 1, ...rest } = parts;
  const outcome: RequestOutcome = { kind: "answered", source: "l1", generation };
  const startMs = parts.startMs ?? 0;
  const key = "k";
  return { key, scopes: ["all"], gateway: "g", startMs, endMs: startMs + 1, outcome, ...rest };
}

function invalidated(parts: Partial<InvalidationRecord>): InvalidationRecord {
  return {
    gateway: "g",
    scope: "all",
    generation: 1,
    startMs: 120,
    endMs: 150,
    okMs: 150,
    ...parts,
  };
}
