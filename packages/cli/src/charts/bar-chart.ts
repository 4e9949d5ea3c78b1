import { escaped, lineColors, rounded, svgOf } from "./svg.ts";

/** A bar with its spread. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

const rowHeight = 24;
const labelWidth = 330;
const plotWidth = 420;
const valueWidth = 70;
const top = 40;

/** Horizontal bars as SVG, with a mark at 1: a system that equals what it is compared with. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1, ...bars.map(({ max }) => max));
  const x = (value: number): number => labelWidth + (value / most) * plotWidth;
  const width = labelWidth + plotWidth + valueWidth;
  const height = top + bars.length * rowHeight + 12;
  const rows = bars.map(({ label, value, min, max }, index) => {
    const y = top + index * rowHeight;
    const middle = y + rowHeight / 2;
    return [
      `<text x="${labelWidth - 8}" y="${middle + 4}" text-anchor="end">${escaped(label)}</text>`,
      `<rect x="${labelWidth}" y="${y + 4}" width="${rounded(x(value) - labelWidth)}" height="${rowHeight - 8}" fill="${lineColors[0]}"/>`,
      `<path class="spread" d="M${rounded(x(min))} ${middle}H${rounded(x(max))}" stroke-width="1.5"/>`,
      `<text x="${rounded(x(max) + 6)}" y="${middle + 4}">${value.toFixed(2)}</text>`,
    ].join("\n");
  });
  const mark = `<path class="mark" d="M${rounded(x(1))} ${top - 6}V${height - 8}" stroke-dasharray="4 3"/>`;
  return svgOf({ title, width, height }, [mark, ...rows]);
}
