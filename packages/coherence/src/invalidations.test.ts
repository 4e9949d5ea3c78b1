import type { Position } from "@kvring/core";
import { describe, expect, test } from "vitest";
import { Confirmation } from "./confirmation.ts";
import { Invalidations } from "./invalidations.ts";
import { Roster } from "./roster.ts";
import { protocolRules } from "./rules.ts";

const limits = { calls: 4, scopesPerRecord: 3 };
const position = { epoch: 1, sequence: 8 };

function confirmation(): Confirmation {
  const terms = { waitMs: 100, drift: 0 };
  const roster = new Roster();
  return new Confirmation({
    position,
    committedMs: 0,
    roster,
    terms,
    pastLifeUntilMs: 0,
    rules: protocolRules,
  });
}

function ids(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `x${count}`;
  };
}

function call(number: number, scopes: readonly bigint[] = [1n], deadlineMs = 1_000) {
  return { call: number, scopes, deadlineMs };
}

/** Confirms whatever has been committed. */
function finish(invalidations: Invalidations, nowMs: number) {
  invalidations.begin(position, confirmation);
  return invalidations.settle((one) => one.check(new Roster(), true, nowMs), nowMs);
}

test("who comes while an append is under way shares the next record", () => {
  const invalidations = new Invalidations(limits, protocolRules);
  const freshId = ids();
  invalidations.add(call(1, [1n]), 0);
  expect(invalidations.next(freshId, 0)).toEqual({ attempt: "x1", scopes: [1n] });
  invalidations.add(call(2, [2n]), 1);
  invalidations.add(call(3, [2n, 3n]), 2);
  expect(invalidations.next(freshId, 2)).toBeUndefined();
  invalidations.read("x1", position, 5);
  expect(invalidations.next(freshId, 5)).toEqual({ attempt: "x2", scopes: [2n, 3n] });
  expect(finish(invalidations, 6)).toMatchObject([{ call: 1, result: { waitedMs: 6 } }]);
  invalidations.read("x2", position, 7);
  expect(finish(invalidations, 8).map((one) => one.call)).toEqual([2, 3]);
});

test("a record holds no more scopes than it may", () => {
  const invalidations = new Invalidations(limits, protocolRules);
  invalidations.add(call(1, [1n, 2n]), 0);
  invalidations.add(call(2, [3n, 4n]), 0);
  const freshId = ids();
  expect(invalidations.next(freshId, 0)?.scopes).toEqual([1n, 2n]);
  invalidations.read("x1", position, 1);
  expect(invalidations.next(freshId, 1)?.scopes).toEqual([3n, 4n]);
});

describe("what the log says that it has", () => {
  test("counts from then, and when our reader gives it to us", () => {
    const invalidations = new Invalidations(limits, protocolRules);
    invalidations.add(call(1), 0);
    invalidations.next(ids(), 0);
    invalidations.placed("x1", position, 3);
    const committed: number[] = [];
    const note = (_position: Position, committedMs: number): undefined => {
      committed.push(committedMs);
    };
    invalidations.begin({ ...position, sequence: position.sequence - 1 }, note);
    expect(committed).toEqual([]);
    invalidations.read("x1", position, 9);
    invalidations.begin(position, note);
    expect(committed).toEqual([3]);
  });

  test("is appended anew when our reader passes its place and something else is there", () => {
    const invalidations = new Invalidations(limits, protocolRules);
    const freshId = ids();
    invalidations.add(call(1), 0);
    invalidations.next(freshId, 0);
    invalidations.placed("x1", position, 3);
    invalidations.begin(position, confirmation);
    expect(invalidations.next(freshId, 4)?.attempt).toBe("x2");
  });
});

describe("an append that failed", () => {
  test("is repeated under a fresh attempt, after a rest", () => {
    const invalidations = new Invalidations(limits, protocolRules);
    const freshId = ids();
    invalidations.add(call(1), 0);
    invalidations.next(freshId, 0);
    invalidations.unplaced("x1", 50);
    expect(invalidations.wakeMs(() => 0, 0)).toBe(50);
    expect(invalidations.next(freshId, 49)).toBeUndefined();
    expect(invalidations.next(freshId, 50)?.attempt).toBe("x2");
  });

  test("serves all the same when its record turns out to be in the log", () => {
    const invalidations = new Invalidations(limits, protocolRules);
    invalidations.add(call(1), 0);
    invalidations.next(ids(), 0);
    invalidations.unplaced("x1", 50);
    invalidations.read("x1", position, 10);
    expect(finish(invalidations, 12)).toMatchObject([{ call: 1, result: { position } }]);
  });

  test("takes nobody else in: its first record may be in the log, and says nothing of them", () => {
    const invalidations = new Invalidations(limits, protocolRules);
    const freshId = ids();
    invalidations.add(call(1, [1n]), 0);
    invalidations.next(freshId, 0);
    invalidations.unplaced("x1", 50);
    invalidations.add(call(2, [2n]), 10);
    invalidations.read("x1", position, 20);
    expect(finish(invalidations, 21).map((one) => one.call)).toEqual([1]);
    expect(invalidations.next(freshId, 21)).toEqual({ attempt: "x2", scopes: [2n] });
  });

  test("is repeated when the log begins another life", () => {
    const invalidations = new Invalidations(limits, protocolRules);
    const freshId = ids();
    invalidations.add(call(1), 0);
    invalidations.next(freshId, 0);
    invalidations.read("x1", position, 1);
    invalidations.beginAnew(2);
    expect(invalidations.next(freshId, 2)?.attempt).toBe("x2");
  });
});

describe("a caller whose time is over", () => {
  test("is told that nothing is promised, and the others go on", () => {
    const invalidations = new Invalidations(limits, protocolRules);
    invalidations.add(call(1, [1n], 10), 0);
    invalidations.add(call(2, [1n], 20), 0);
    invalidations.next(ids(), 0);
    const [late] = finish(invalidations, 10);
    expect(late).toMatchObject({ call: 1, error: { reason: "DEADLINE_EXCEEDED" } });
    invalidations.read("x1", position, 15);
    expect(finish(invalidations, 16)).toMatchObject([{ call: 2, result: { position } }]);
  });

  test("leaves no second append under way beside its own", () => {
    const invalidations = new Invalidations(limits, protocolRules);
    const freshId = ids();
    invalidations.add(call(1, [1n], 10), 0);
    invalidations.next(freshId, 0);
    finish(invalidations, 10);
    invalidations.add(call(2), 11);
    expect(invalidations.next(freshId, 11)).toBeUndefined();
    invalidations.unplaced("x1", 40);
    expect(invalidations.next(freshId, 12)?.attempt).toBe("x2");
  });
});

test("more callers than there may be are refused with what to do", () => {
  const invalidations = new Invalidations(limits, protocolRules);
  for (let number = 1; number <= 4; number += 1) {
    expect(invalidations.add(call(number), 0)).toBeUndefined();
  }
  expect(invalidations.add(call(5), 0)).toMatchObject({ reason: "QUEUE_FULL" });
});

test("in the end everybody is told", () => {
  const invalidations = new Invalidations(limits, protocolRules);
  invalidations.add(call(1), 0);
  invalidations.next(ids(), 0);
  invalidations.add(call(2), 0);
  const error = new Error("over") as never;
  expect(invalidations.abandon(error)).toEqual([
    { call: 1, error },
    { call: 2, error },
  ]);
  expect(invalidations.add(call(3), 0)).toBeUndefined();
});
