import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { readPixels } from "./digit-file.ts";

const require = createRequire(import.meta.url);

test.each([5, 8])("the pixels of class %i are those that JSON has", (label) => {
  const file = readFileSync(require.resolve(`mnist/src/digits/${label}.json`));
  const { data } = JSON.parse(file.toString()) as { data: number[] };
  const slow = Uint8Array.from(data.map((value) => Math.round(value * 255)));
  expect(slow.length % 784).toBe(0);
  expect(Buffer.from(readPixels(file)).equals(slow)).toBe(true);
});

test("every byte survives its three decimals, with and without spaces", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  const decimals = [...bytes].map((byte) => Number((byte / 255).toFixed(3)));
  for (const json of [
    JSON.stringify({ data: decimals }),
    `{ "data": [ ${decimals.join(" , ")} ] }`,
  ]) {
    expect(readPixels(Buffer.from(json))).toEqual(bytes);
  }
});
