import { barChart, lineChart } from "@kvring/cli/charts";
import type { Outcome } from "./checks.ts";
import type { Experiment } from "./experiment.ts";
import type { LawName } from "./laws.ts";

/** Hit ratios over sizes, of every law: file names and SVG. */
export function hitPlots({ outcomes, items }: Experiment): Map<string, string> {
  const runs = outcomes.filter(({ plan }) => plan.model === "mnist");
  const laws = new Set(runs.map(({ plan }) => plan.law));
  return new Map([...laws].map((law) => [hitPlotName(law), hitPlot(runs, law, items)]));
}

export function hitPlotName(law: LawName): string {
  return `hits-${law.replace(".", "-")}.svg`;
}

/** Lines of what was measured, and beside them what is predicted or bounds it. */
function hitPlot(outcomes: readonly Outcome[], law: LawName, items: number): string {
  const lines = new Map<string, [number, number][]>();
  const add = (label: string, size: number, share: number): void => {
    lines.set(label, [...(lines.get(label) ?? []), [size, share]]);
  };
  for (const { plan, measured } of outcomes.filter((outcome) => outcome.plan.law === law)) {
    const { prediction, policy, capacityEntries } = plan;
    add(policy, capacityEntries, measured.hitRatio);
    if (prediction.kind === "formula") {
      add(`${policy}, formula`, capacityEntries, prediction.hitRatio);
    }
    if (prediction.kind === "bound" && policy === "lfu") {
      add("at most (A0)", capacityEntries, prediction.hitRatio);
    }
  }
  return lineChart({
    title: `Hit ratios, ${law}, ${items} digits`,
    ...{ xLabel: "entries that fit", yLabel: "hit ratio", formatX: String },
    lines: [...lines].map(([label, points]) => ({ label, points })),
  });
}

/** Mean time with the cache over that without, of every run at a quarter of the digits. */
export function timePlot({ outcomes, items }: Experiment): string {
  const bars = outcomes
    .filter(({ plan }) => plan.capacityEntries === Math.round(items / 4))
    .map(({ plan, measured }) => {
      const value = measured.cachedMs / measured.uncachedMs;
      const label = `${plan.model}, ${plan.law}, ${plan.policy}`;
      return { label, value, min: value, max: value };
    });
  return barChart("Time with the cache, over that without (a quarter of the digits fits)", bars);
}
