import { expect, test } from "vitest";
import { lineChart } from "./line-chart.ts";

const usual = { title: "a < b", xLabel: "size", yLabel: "hit ratio", formatX: String };

/** Places of a line's points. */
function pointsOf(svg: string): [number, number][] {
  return [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map((match) => [
    Number(match[1]),
    Number(match[2]),
  ]);
}

function labelsOf(svg: string): [string, number][] {
  return [...svg.matchAll(/x="634" y="([\d.]+)"[^>]*>([^<]*)</g)].map((match) => [
    match[2] ?? "",
    Number(match[1]),
  ]);
}

test("shares rise from the axis to the top, and names are escaped", () => {
  const points = [
    [1, 0],
    [2, 0.5],
    [3, 1],
  ] as const;
  const svg = lineChart({ ...usual, lines: [{ label: "x & y", points }] });
  // 64 px to the left of 560 px of plot, which is 320 px high below 44 px.
  expect(pointsOf(svg)).toEqual([
    [64, 364],
    [344, 204],
    [624, 44],
  ]);
  expect(svg).toContain("a &lt; b");
  expect(svg).toContain("x &amp; y");
  expect(svg).toContain("prefers-color-scheme: dark");
});

test("sizes that are far apart stand at equal factors", () => {
  const points = [1, 10, 100].map((size) => [size, 0] as const);
  const svg = lineChart({ ...usual, lines: [{ label: "l", points }] });
  expect(pointsOf(svg).map(([x]) => x)).toEqual([64, 344, 624]);
});

test("a single size stands in the middle", () => {
  const svg = lineChart({ ...usual, lines: [{ label: "l", points: [[7, 0.5]] }] });
  expect(pointsOf(svg)).toEqual([[344, 204]]);
});

test("labels of lines that end together stand below each other, within the plot", () => {
  for (const share of [0, 0.5, 1]) {
    const lines = ["a", "b", "c", "d"].map((label) => ({ label, points: [[1, share]] as const }));
    const labels = labelsOf(lineChart({ ...usual, lines }));
    expect(labels.map(([label]) => label)).toEqual(["a", "b", "c", "d"]);
    const places = labels.map(([, y]) => y);
    for (const [index, y] of places.entries()) {
      if (index > 0) expect(y - (places[index - 1] ?? 0)).toBeGreaterThanOrEqual(14);
    }
    expect(Math.min(...places)).toBeGreaterThanOrEqual(44);
    expect(Math.max(...places)).toBeLessThanOrEqual(368);
  }
});
