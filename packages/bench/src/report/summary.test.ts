import { barChart } from "@kvring/cli/charts";
import { expect, test } from "vitest";
import { renewed } from "./files.ts";
import { summarize } from "./summary.ts";
import { formatTables } from "./table.ts";

const round = (requestsPerSecond: number, cpuUsPerRequest: number) => ({
  ...{ requests: 100, requestsPerSecond, p50Ms: 1, p99Ms: 2, cpuUsPerRequest, memoryMb: 50 },
});

const results = summarize(
  "hit",
  new Map([
    ["peer", [round(100, 80), round(10, 90), round(200, 100)]],
    ["ours", [round(150, 40), round(20, 45), round(100, 400)]],
  ]),
  "peer",
);

test("a ratio is taken within a round, however the machine changed between them", () => {
  expect(results[1]).toMatchObject({
    ...{ system: "ours", ratio_to: "peer", ratio: 1.5, ratio_min: 0.5, ratio_max: 2, cpu_ratio: 2 },
    requests_per_second: 100,
  });
  expect(results[0]).toMatchObject({ system: "peer", ratio: 1, cpu_ratio: 1 });
});

test("the table has a line for each, the ratio first", () => {
  const lines = formatTables(results).split("\n");
  expect(lines).toHaveLength(4);
  expect(lines[3]).toBe(
    "| hit | ours | 1.50 (0.50–2.00) | 2.00 | peer | 100 | 1 | 2 | 45 | 50 |  |",
  );
});

test("the plot has ratios above 1 to the right of it, as far as those below to the left", () => {
  const svg = barChart("a < b", [
    { label: "x & y", value: 0.5, min: 0.25, max: 1 },
    { label: "longest", value: 2, min: 1, max: 4 },
  ]);
  expect(svg).toContain("a &lt; b");
  expect(svg).toContain("x &amp; y");
  // 73 px of labels, and 420 px from a quarter to 4.
  expect(svg).toContain('<path class="mark" d="M283 54V');
  expect(svg).toContain('<rect x="178" y="64" width="105"');
  expect(svg).toContain('<rect x="283" y="88" width="105"');
  expect(svg).toContain('d="M73 72H283"');
  const empty = barChart("none", [{ label: "stood still", value: 0, min: 0, max: 1 }]);
  expect(empty).not.toMatch(/NaN|Infinity|stood still/);
});

test("what was not measured this time stays as it was", () => {
  const figure = { scenario: "gc", system: "ours", value: 1.23456, unit: "ms" };
  const newer = results.map((result) => ({ ...result, ratio: 9 }));
  const all = renewed(results, [...newer, figure]);
  expect(all).toEqual([...newer, { ...figure, value: 1.235 }]);
  expect(renewed(all, [{ ...figure, value: 2 }])).toEqual([...newer, { ...figure, value: 2 }]);
});
