import { escaped, lineColors, rounded, svgOf } from "./svg.ts";

/** A ratio with its spread, all above 0. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

const rowHeight = 24;
/** About what a letter takes, and a little more: text that is cut off says nothing. */
const letterWidth = 7;
const plotWidth = 420;
const valueWidth = 60;
const top = 60;
const ticks = [0.001, 0.01, 0.1, 1, 10, 100, 1000];
const [above, below] = lineColors;

/**
 * Ratios as horizontal bars in SVG, from 1, which is a system that equals what it is compared with,
 * to the right where they are more and to the left where they are less. The scale is logarithmic: half
 * as much is as far from 1 as twice as much, and what is no positive number has no place on it.
 */
export function barChart(title: string, given: readonly Bar[]): string {
  const bars = given.filter(isDrawable);
  const least = Math.min(0.5, ...bars.map(({ min }) => min));
  const most = Math.max(2, ...bars.map(({ max }) => max));
  const labelWidth = 24 + letterWidth * Math.max(0, ...bars.map(({ label }) => label.length));
  const x = (value: number): number =>
    labelWidth + (Math.log(value / least) / Math.log(most / least)) * plotWidth;
  const width = labelWidth + plotWidth + valueWidth;
  const height = top + bars.length * rowHeight + 12;
  const bottom = height - 8;
  const grid = ticks
    .filter((tick) => tick >= least && tick <= most)
    .flatMap((tick) => [
      `<path class="${tick === 1 ? "mark" : "grid"}" d="M${rounded(x(tick))} ${top - 6}V${bottom}"/>`,
      `<text x="${rounded(x(tick))}" y="${top - 12}" text-anchor="middle">${tick}</text>`,
    ]);
  const rows = bars.map(({ label, value, min, max }, index) => {
    const y = top + index * rowHeight;
    const middle = y + rowHeight / 2;
    const [from, to] = [Math.min(1, value), Math.max(1, value)];
    return [
      `<text x="${labelWidth - 8}" y="${middle + 4}" text-anchor="end">${escaped(label)}</text>`,
      `<rect x="${rounded(x(from))}" y="${y + 4}" width="${rounded(x(to) - x(from))}" height="${rowHeight - 8}" fill="${value < 1 ? below : above}"/>`,
      `<path class="spread" d="M${rounded(x(min))} ${middle}H${rounded(x(max))}" stroke-width="1.5"/>`,
      `<text x="${width - 8}" y="${middle + 4}" text-anchor="end">${value.toFixed(2)}</text>`,
    ].join("\n");
  });
  return svgOf({ title, width, height }, [...grid, ...rows]);
}

function isDrawable({ value, min, max }: Bar): boolean {
  return [value, min, max].every((ratio) => Number.isFinite(ratio) && ratio > 0);
}
