import { expect, test } from "vitest";
import { formatBytes, formatMs, formatShare } from "./format.ts";

test("sizes, shares and times are short", () => {
  expect([0, 1023, 1024, 1536, 100 * 1024, 64 * 1024 ** 2, 1024 ** 5].map(formatBytes)).toEqual([
    ...["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "100 KiB", "64.0 MiB", "1024 TiB"],
  ]);
  expect([0, 0.5, 1].map(formatShare)).toEqual(["0.0 %", "50.0 %", "100.0 %"]);
  expect([0.0123, 1.234, 123.4].map(formatMs)).toEqual(["0.012 ms", "1.23 ms", "123 ms"]);
});
