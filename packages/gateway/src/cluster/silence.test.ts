import type { RingRecord } from "@kvring/bus";
import { expect, test } from "vitest";
import { Silence } from "./silence.ts";

const evictAfterMs = 2_000;
const tickMs = 250;

function ringOf(version: number, ...lives: string[]): RingRecord {
  const members = lives.map((incarnation) => {
    const id = incarnation.split("/")[0] ?? "";
    return { id, incarnation, address: `${id}:1`, zone: "z", state: "active" as const };
  });
  return { version, members };
}

/** Reports every tick up to `untilMs`; the last one is what counts. */
function reportAt(
  silence: Silence,
  heard: Record<string, number>,
  fromMs: number,
  untilMs: number,
) {
  let report = silence.report((id) => heard[id], fromMs);
  for (let nowMs = fromMs + tickMs; nowMs <= untilMs; nowMs += tickMs) {
    report = silence.report((id) => heard[id], nowMs);
  }
  return report;
}

test("a member is silent when it was not heard for the whole time", () => {
  const silence = new Silence(evictAfterMs);
  silence.follow(ringOf(3, "n1/a", "n2/a"), 0);
  const heard = { n1: 500, n2: 5_000 };
  expect(reportAt(silence, heard, 0, 2_250)).toEqual({ ring: 3, reached: 2, silent: [] });
  expect(reportAt(silence, heard, 2_500, 2_500)).toEqual({ ring: 3, reached: 1, silent: ["n1/a"] });
});

test("who is new, or lives anew, has the full time to be heard", () => {
  const silence = new Silence(evictAfterMs);
  silence.follow(ringOf(1, "n1/a"), 0);
  expect(reportAt(silence, {}, 0, 2_000).silent).toEqual(["n1/a"]);
  silence.follow(ringOf(2, "n1/b", "n2/a"), 2_000);
  expect(reportAt(silence, {}, 2_250, 3_750).silent).toEqual([]);
  expect(reportAt(silence, {}, 4_000, 4_000).silent).toEqual(["n1/b", "n2/a"]);
});

test("a change of the ring gives those who stay no more time", () => {
  const silence = new Silence(evictAfterMs);
  silence.follow(ringOf(1, "n1/a", "n2/a"), 0);
  reportAt(silence, {}, 0, 1_500);
  silence.follow(ringOf(2, "n1/a"), 1_500);
  expect(reportAt(silence, {}, 1_750, 2_000)).toEqual({ ring: 2, reached: 0, silent: ["n1/a"] });
});

test("after a pause of our own nobody is silent at once", () => {
  const silence = new Silence(evictAfterMs);
  silence.follow(ringOf(1, "n1/a"), 0);
  reportAt(silence, { n1: 900 }, 0, 1_000);
  const heard = { n1: 900 };
  expect(reportAt(silence, heard, 20_000, 20_000).silent).toEqual([]);
  expect(reportAt(silence, heard, 20_250, 21_750).silent).toEqual([]);
  expect(reportAt(silence, heard, 22_000, 22_000).silent).toEqual(["n1/a"]);
});
