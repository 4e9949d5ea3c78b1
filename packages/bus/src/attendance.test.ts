import { setImmediate as turn } from "node:timers/promises";
import { ManualClock } from "@kvring/core";
import { beforeEach, expect, test } from "vitest";
import { Attendance } from "./attendance.ts";

let clock: ManualClock;
let seen: string[][];
let attendance: Attendance;

beforeEach(() => {
  clock = new ManualClock();
  seen = [];
  attendance = new Attendance(clock, (members) => {
    seen.push([...members].map(([id, record]) => `${id}=${Buffer.from(record)}`));
  });
});

const record = (text: string) => Buffer.from(text);

test("members come, change and say good-bye; a repetition is no news", async () => {
  attendance.heard("a", record("1"));
  attendance.heard("b", record("1"));
  await turn();
  attendance.heard("a", record("1"));
  await turn();
  attendance.heard("a", record("2"));
  await turn();
  attendance.left("b");
  attendance.left("c");
  await turn();
  expect(seen).toEqual([["a=1", "b=1"], ["a=2", "b=1"], ["a=2"]]);
});

test("three seconds of silence remove a member, and only that one", async () => {
  attendance.heard("a", record("1"));
  clock.advance(1_500);
  attendance.heard("b", record("1"));
  clock.advance(1_499);
  await turn();
  expect(seen).toEqual([["a=1", "b=1"]]);
  clock.advance(1);
  await turn();
  expect(seen.at(-1)).toEqual(["b=1"]);
  clock.advance(1_500);
  await turn();
  expect(seen.at(-1)).toEqual([]);
});

test("who is deaf removes nobody, and listens afresh afterwards", async () => {
  attendance.heard("a", record("1"));
  clock.advance(2_000);
  attendance.deaf();
  clock.advance(60_000);
  attendance.hearing();
  clock.advance(2_999);
  await turn();
  expect(seen).toEqual([["a=1"]]);
  clock.advance(1);
  await turn();
  expect(seen.at(-1)).toEqual([]);
});

test("nothing is called after stop", async () => {
  attendance.heard("a", record("1"));
  attendance.stop();
  attendance.heard("b", record("1"));
  clock.advance(10_000);
  await turn();
  expect(seen).toEqual([]);
});
