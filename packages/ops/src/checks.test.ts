import { expect, test } from "vitest";
import { judge } from "./checks.ts";

const fine = { name: "bus", failing: () => undefined };

test("without checks nothing is missing", () => {
  expect(judge([])).toEqual({ ok: true, checks: [] });
});

test("one failing check fails the whole, and all are told", () => {
  const model = { name: "model", failing: () => "no model is loaded" };
  expect(judge([model, fine])).toEqual({
    ok: false,
    checks: [
      { name: "model", ok: false, why: "no model is loaded" },
      { name: "bus", ok: true },
    ],
  });
});

test("a check is asked every time", () => {
  let why: string | undefined = "starting";
  const check = { name: "bus", failing: () => why };
  expect(judge([check]).ok).toBe(false);
  why = undefined;
  expect(judge([check]).ok).toBe(true);
});

test("a check that throws has failed", () => {
  const broken = {
    name: "ring",
    failing(): undefined {
      throw new Error("no ring");
    },
  };
  expect(judge([fine, broken])).toEqual({
    ok: false,
    checks: [
      { name: "bus", ok: true },
      { name: "ring", ok: false, why: "the check itself failed: no ring" },
    ],
  });
});
