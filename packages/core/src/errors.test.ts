import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { KvringError, reasons, statusCodes } from "./errors.ts";

describe("reasons", () => {
  const rows = readFileSync(new URL("../docs/reasons.md", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));

  test("are documented, each with its code, in alphabetical order", () => {
    const documented = rows.map(([, reason, code]) => [reason, code]);
    expect(documented).toEqual(Object.entries(reasons));
    expect(Object.keys(reasons)).toEqual(Object.keys(reasons).toSorted());
  });

  test("are documented with what each means and what to do", () => {
    for (const [, reason, , meaning, remedy] of rows) {
      expect(meaning, reason).toMatch(/^.{15,}$/);
      expect(remedy, reason).toMatch(/^.{10,}$/);
    }
  });

  test("travel under a code of gRPC", () => {
    for (const code of Object.values(reasons)) expect(statusCodes[code]).toBeGreaterThan(0);
    const numbers = Object.values(statusCodes);
    expect(numbers).toEqual(Array.from({ length: 17 }, (_, code) => code));
  });
});

describe("an error", () => {
  test("has the code of its reason, and keeps its cause", () => {
    const cause = new Error("connection refused");
    const error = new KvringError("BUS_UNAVAILABLE", "start NATS", { cause });
    expect(error).toMatchObject({ name: "KvringError", code: "UNAVAILABLE", cause });
    expect(error).toBeInstanceOf(Error);
  });

  test("travels with code, reason and sentence, and without its cause", () => {
    const error = new KvringError("NOT_CACHED", "no entry", { cause: new Error("secret") });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: "NOT_FOUND",
      reason: "NOT_CACHED",
      message: "no entry",
    });
    const received = KvringError.fromWire(error.reason, error.message);
    expect(received.toJSON()).toEqual(error.toJSON());
    expect(received.cause).toBeUndefined();
  });

  test("of a reason that this version does not know is INTERNAL", () => {
    for (const reason of ["OF_NEXT_YEAR", "", "toString", "__proto__"]) {
      expect(KvringError.fromWire(reason, "sentence")).toMatchObject({
        reason: "INTERNAL",
        code: "INTERNAL",
        message: "sentence",
      });
    }
  });

  test("comes out of anything that was thrown", () => {
    const ours = new KvringError("DRAINING", "going down");
    expect(KvringError.from(ours)).toBe(ours);
    const foreign = new TypeError("x is not a function");
    expect(KvringError.from(foreign)).toMatchObject({
      reason: "INTERNAL",
      message: "x is not a function",
      cause: foreign,
    });
    expect(KvringError.from("just a string").message).toBe("just a string");
    expect(KvringError.from(undefined).message).toBe("undefined");
  });
});
