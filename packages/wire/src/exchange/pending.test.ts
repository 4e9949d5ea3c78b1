import { KvringError, ManualClock } from "@kvring/core";
import { expect, test } from "vitest";
import { Pending } from "./pending.ts";

function pending() {
  const clock = new ManualClock();
  const overdue: number[] = [];
  const ends: string[] = [];
  const asked = new Pending(clock, 100, (id) => overdue.push(id));
  const call = (id: number) =>
    asked.addCall(id, {
      kind: "accepted",
      resolve: (accepted) => ends.push(`${id} ${accepted}`),
      reject: ({ reason }) => ends.push(`${id} ${reason}`),
    });
  return { clock, overdue, ends, asked, call };
}

test("a call that was answered, or lost with its link, is not overdue later", () => {
  const { clock, overdue, ends, asked, call } = pending();
  call(1);
  call(2);
  asked.settle({ kind: "done", id: 1, accepted: true });
  asked.fail(new KvringError("LINK_LOST", "gone"));
  expect([asked.has(1), asked.has(2)]).toEqual([false, false]);
  asked.settle({ kind: "done", id: 2, accepted: true });
  clock.advance(1_000);
  expect(overdue).toEqual([]);
  expect(ends).toEqual(["1 true", "2 LINK_LOST"]);
});

test("calls fall due one by one", () => {
  const { clock, overdue, ends, call } = pending();
  call(1);
  clock.advance(50);
  call(2);
  clock.advance(50);
  expect(ends).toEqual(["1 DEADLINE_EXCEEDED"]);
  clock.advance(50);
  expect(ends).toEqual(["1 DEADLINE_EXCEEDED", "2 DEADLINE_EXCEEDED"]);
  expect(overdue).toEqual([1, 2]);
});

test("an answer that makes no sense is a refusal", () => {
  const { ends, asked, call } = pending();
  call(1);
  asked.settle({ kind: "missing", id: 1 });
  call(2);
  asked.settle({ kind: "refused", id: 2, reason: "DRAINING", message: "" });
  call(3);
  asked.settle({ kind: "unknown", id: 3, field: 12 });
  expect(ends).toEqual(["1 UNKNOWN_OPERATION", "2 DRAINING", "3 UNKNOWN_OPERATION"]);
});
