import { expect, test } from "vitest";
import { hitPlots, timePlot } from "./plots.ts";
import { formatReport } from "./report.ts";
import { exampleOutcome } from "./testing/outcome.ts";

const experiment = {
  ...{ items: 40, seed: 1, seconds: 120, violations: ["it broke"] },
  outcomes: [
    exampleOutcome(),
    exampleOutcome({ policy: "fifo", share: 0.25 }, { hitRatio: 0.26, cachedMs: 2.5 }),
    exampleOutcome({ policy: "lfu", law: "shifting" }),
    exampleOutcome({ model: "heavy" }, { inferenceMs: 20 }),
  ],
};

const rowOf = (report: string, ...cells: string[]): string | undefined =>
  report.split("\n").find((line) => line.startsWith(`| ${cells.join(" | ")} |`));

test("the report has claims beside figures, and says what was out of bounds", () => {
  const report = formatReport(experiment, "a machine");
  expect(report).toContain("4 runs in 2 minutes on a machine");
  expect(report).toContain("  - it broke");
  expect(rowOf(report, "lru", "90.0 %, −40.0 %")).toContain("uniform, 20 entries: 50.0 %, −33.3 %");
  // Of the policy by itself, from a seed: 9.9 … 10.1 of 20.
  expect(rowOf(report, "uniform", "20", "lru", "50.0 %")).toContain("50.0 % (Che)");
  expect(rowOf(report, "shifting", "20", "lfu", "50.0 %")).toContain("none applies");
});

test("times say whether a hit is worth its while", () => {
  const report = formatReport(experiment, "a machine");
  expect(report).toContain("A hit of `mnist` takes 2.0 times as long as its inference");
  expect(report).toContain("A hit of `heavy` takes 5.0 % of its inference");
});

test("each law has its plot with what was measured and predicted, and times have theirs", () => {
  const plots = hitPlots(experiment);
  expect([...plots.keys()]).toEqual(["hits-uniform.svg", "hits-shifting.svg"]);
  expect(plots.get("hits-uniform.svg")).toContain("lru, formula");
  expect(plots.get("hits-shifting.svg")).not.toContain("formula");
  for (const name of plots.keys()) expect(formatReport(experiment, "")).toContain(`(${name})`);
  expect(timePlot(experiment)).toContain("mnist, uniform, fifo");
});
