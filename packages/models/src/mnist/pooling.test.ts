import { expect, test } from "vitest";
import { poolGradient, poolRectified } from "./pooling.ts";

test("the largest of four wins, if it is positive, and gets the gradient", () => {
  // Two planes of 2 × 4.
  const planes = Float64Array.of(1, 2, -1, -2, 4, 3, -3, -4, 0, 0, 5, 6, 0, 0, 8, 7);
  const pooled = new Float64Array(4);
  const winners = new Int32Array(4);
  poolRectified(planes, 4, pooled, winners);
  expect([...pooled]).toEqual([4, 0, 0, 8]);

  const gradient = new Float64Array(planes.length).fill(9);
  poolGradient(Float64Array.of(10, 20, 30, 40), winners, gradient);
  expect([...gradient]).toEqual([0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 0]);
});
