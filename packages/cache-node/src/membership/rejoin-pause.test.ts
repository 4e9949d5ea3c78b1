import { expect, test } from "vitest";
import { RejoinPause } from "./rejoin-pause.ts";

test("who is taken out again and again waits longer each time, up to half a minute", () => {
  const pause = new RejoinPause();
  const pauses = Array.from({ length: 12 }, (_, round) => pause.next(round * 5_000));
  expect(pauses).toEqual([
    ...[100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000],
  ]);
});

test("who stayed in for a minute begins anew", () => {
  const pause = new RejoinPause();
  pause.next(0);
  expect(pause.next(5_000)).toBe(200);
  expect(pause.next(5_000 + 60_100)).toBe(400);
  expect(pause.next(5_000 + 60_100 + 60_400)).toBe(100);
});
