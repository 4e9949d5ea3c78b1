import { describe, expect, test } from "vitest";
import {
  bytes,
  bytesOrNone,
  count,
  durationMs,
  flag,
  listen,
  name,
  needsInsecure,
  nodeId,
} from "./values.ts";

const MiB = 1024 * 1024;

describe("a size", () => {
  test.each([
    ["1MiB", MiB],
    ["1.5MiB", 1.5 * MiB],
    ["2 GiB", 2048 * MiB],
    ["3000KB", 3_000_000],
    ["2048KiB", 2 * MiB],
    ["5MB", 5_000_000],
    ["1GB", 1_000_000_000],
    ["1048576B", MiB],
    ["1048576", MiB],
    [1_048_577, 1_048_577],
  ])("%j is %i bytes", (text, expected) => {
    expect(bytes.parse(text)).toBe(expected);
  });

  test.each(["", "MiB", "-1MiB", "1TiB", "1mib", "1 M", "0x100000", "1e9", Number.NaN])(
    "%j is none",
    (text) => {
      expect(bytes.safeParse(text).error?.issues[0]?.message).toBe(
        'a size, as in "512MiB" or 1048576',
      );
    },
  );

  test("is at least one mebibyte, or nothing at all where that is allowed", () => {
    expect(bytes.safeParse("1048575").error?.issues[0]?.message).toBe("a size of at least 1MiB");
    expect(bytes.safeParse("0").success).toBe(false);
    expect(bytesOrNone.parse("0")).toBe(0);
    expect(bytesOrNone.parse("1MiB")).toBe(MiB);
    expect(bytesOrNone.safeParse("1KiB").success).toBe(false);
  });
});

describe("a duration", () => {
  test.each([
    ["250ms", 250],
    ["15s", 15_000],
    ["1.5m", 90_000],
    ["24h", 86_400_000],
    ["7 s", 7_000],
    ["250", 250],
    [0, 0],
  ])("%j is %i ms", (text, expected) => {
    expect(durationMs.parse(text)).toBe(expected);
  });

  test.each(["", "s", "-1s", "1d", "1S", "1e3", "one second"])("%j is none", (text) => {
    expect(durationMs.safeParse(text).error?.issues[0]?.message).toBe(
      'a duration, as in "250ms" or "15s"',
    );
  });
});

describe("a count", () => {
  test("is a whole number within its bounds", () => {
    expect([1, "8", "03"].map((value) => count(1, 8).parse(value))).toEqual([1, 8, 3]);
    for (const value of [0, 9, 1.5, "1.5", "-1", "", " 3", "three", true, null]) {
      expect(count(1, 8).safeParse(value).error?.issues[0]?.message, String(value)).toBe(
        "a whole number from 1 to 8",
      );
    }
  });
});

test("a switch is true or false, in words or not", () => {
  expect([true, "true", false, "false"].map((value) => flag.parse(value))).toEqual([
    ...[true, true, false, false],
  ]);
  for (const value of ["1", "yes", "", 1, null]) expect(flag.safeParse(value).success).toBe(false);
});

test.each(["127.0.0.1", "127.0.0.1:99999", ":8001", "a b:1", "::1:8001"])(
  "%j is no address",
  (address) => {
    expect(listen.safeParse(address).error?.issues[0]?.message).toBe(
      'an address, as in "127.0.0.1:8001"',
    );
  },
);

test("a name can be a token of a subject and a label", () => {
  for (const good of ["a", "node-1", "N_2"]) expect(name.parse(good)).toBe(good);
  for (const bad of ["", "-a", "a.b", "a b", "ä", "x".repeat(32)]) {
    expect(name.safeParse(bad).success, bad).toBe(false);
  }
});

test("an id of a node is what the ring takes", () => {
  expect(nodeId.parse("x".repeat(64))).toBe("x".repeat(64));
  for (const bad of ["", "-a", "a.b", "__proto__", "x".repeat(65)]) {
    expect(nodeId.safeParse(bad).error?.issues[0]?.message, bad).toContain('as in "node-1"');
  }
});

test("only this machine may be served in clear text without being asked", () => {
  expect(["127.0.0.1:1", "localhost:1", "[::1]:1"].map(needsInsecure)).toEqual([
    false,
    false,
    false,
  ]);
  expect(["0.0.0.0:1", "10.0.0.1:1", "[::]:1"].map(needsInsecure)).toEqual([true, true, true]);
});
