import { expect, test } from "vitest";
import { checkModelName, compareVersions, isModelVersion } from "./model.ts";

test.each(["mnist", "7b", "a.b-c_d", "A".repeat(128)])("%s is a model's name", (name) => {
  expect(checkModelName(name)).toBe(name);
});

test.each([
  "",
  ".",
  "..",
  "../etc",
  ".hidden",
  "-x",
  "a/b",
  "a b",
  "a\0b",
  "größe",
  "A".repeat(129),
])("%j is not a model's name", (name) => {
  expect(() => checkModelName(name)).toThrow(expect.objectContaining({ reason: "MODEL_INVALID" }));
});

test("the refusal of a name stays short, however long the name", () => {
  expect(() => checkModelName("/".repeat(1_000_000))).toThrow(/^.{1,400}$/);
});

test("versions are whole numbers from 1, each written in one way", () => {
  for (const version of ["1", "10", "999999999999999999"])
    expect(isModelVersion(version)).toBe(true);
  for (const version of ["", "0", "01", "1.0", "-1", "v1", "1 ", "1e3", "9".repeat(19)]) {
    expect(isModelVersion(version), version).toBe(false);
  }
});

test("versions are ordered as numbers", () => {
  const versions = ["10", "9", "999999999999999998", "1", "999999999999999999"];
  const ordered = ["1", "9", "10", "999999999999999998", "999999999999999999"];
  expect(versions.toSorted(compareVersions)).toEqual(ordered);
  expect(compareVersions("7", "7")).toBe(0);
});
