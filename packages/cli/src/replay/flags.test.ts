import { policyNames } from "@kvring/store";
import { expect, test } from "vitest";
import { capacitiesOf, plotPathOf, policiesOf, wholeNumberOf } from "./flags.ts";

test("policies are named one by one, or all that are fixed, and each once", () => {
  expect(policiesOf("all")).toEqual([...policyNames]);
  expect(policiesOf("adaptive, lru,lru")).toEqual(["adaptive", "lru"]);
  for (const text of ["", "LRU", "lru,arc"]) expect(() => policiesOf(text)).toThrow("s3-fifo");
});

test("capacities are of one unit, from 1", () => {
  expect(capacitiesOf({})).toBeUndefined();
  expect(capacitiesOf({ capacityEntries: "20, 3,20" })).toEqual({
    ...{ unit: "entries", capacities: [20, 3] },
  });
  expect(capacitiesOf({ capacityBytes: "1KiB,1MiB" })).toEqual({
    ...{ unit: "bytes", capacities: [1_024, 1_048_576] },
  });
  expect(() => capacitiesOf({ capacityEntries: "1", capacityBytes: "1" })).toThrow("not both");
  for (const text of ["", "0", "-1", "1.5", "1,", "2147483648", "many"]) {
    expect(() => capacitiesOf({ capacityEntries: text })).toThrow("whole numbers from 1");
  }
  expect(() => capacitiesOf({ capacityBytes: "0" })).toThrow("sizes from 1");
});

test("a plot is an SVG, and a count a whole number", () => {
  expect(plotPathOf("a.png.svg")).toBe("a.png.svg");
  expect(() => plotPathOf("a.png")).toThrow("ends in .svg");
  expect(wholeNumberOf("--warm-up", "0")).toBe(0);
  for (const text of ["", "-1", "0.5", "x"]) {
    expect(() => wholeNumberOf("--warm-up", text)).toThrow("--warm-up");
  }
});
