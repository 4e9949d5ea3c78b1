import { escaped, lineColors, rounded, svgOf } from "./svg.ts";

interface Line {
  readonly label: string;
  /** In the order of x; y is a share from 0 to 1. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  /** A value of x as people read it. */
  readonly formatX: (x: number) => string;
}

const [left, right, top, bottom] = [64, 110, 44, 56];
const [plotWidth, plotHeight] = [560, 320];
const [width, height] = [left + plotWidth + right, top + plotHeight + bottom];
/** From so many times the smallest x on, equal factors are equally far apart. */
const logarithmicFrom = 8;
const leastTickDistance = 64;
const labelDistance = 14;

/** Shares over sizes as SVG, with axes and a label at the end of each line. */
export function lineChart({ title, xLabel, yLabel, lines, formatX }: LineChart): string {
  const values = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))];
  const x = scaleOf(values);
  const y = (share: number): number => top + (1 - share) * plotHeight;
  const labelAt = spread(lines.map(({ points }) => y(points.at(-1)?.[1] ?? 0)));
  const drawn = lines.map(({ label, points }, index) => {
    const color = lineColors[index % lineColors.length] ?? "";
    const path = points.map(([at, share]) => `${rounded(x(at))} ${rounded(y(share))}`);
    const dots = path.map((place) => {
      const [cx, cy] = place.split(" ");
      return `<circle cx="${cx}" cy="${cy}" r="2.5" fill="${color}"/>`;
    });
    return [
      `<path d="M${path.join("L")}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...dots,
      `<text x="${left + plotWidth + 10}" y="${rounded((labelAt[index] ?? 0) + 4)}" style="fill: ${color}">${escaped(label)}</text>`,
    ].join("\n");
  });
  const middle = top + plotHeight / 2;
  return svgOf({ title, width, height }, [
    ...shareTicks(y),
    ...sizeTicks(values, x, formatX),
    `<path class="axis" d="M${left} ${top}V${top + plotHeight}H${left + plotWidth}" fill="none"/>`,
    `<text x="${left + plotWidth / 2}" y="${height - 12}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text x="16" y="${middle}" text-anchor="middle" transform="rotate(-90 16 ${middle})">${escaped(yLabel)}</text>`,
    ...drawn,
  ]);
}

function scaleOf(values: readonly number[]): (value: number) => number {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // A single size stands in the middle.
  if (least === most) return () => left + plotWidth / 2;
  const place = least > 0 && most / least >= logarithmicFrom ? Math.log : (value: number) => value;
  return (value) =>
    left + ((place(value) - place(least)) / (place(most) - place(least))) * plotWidth;
}

function shareTicks(y: (share: number) => number): string[] {
  return [0, 0.2, 0.4, 0.6, 0.8, 1].flatMap((share) => {
    const at = rounded(y(share));
    return [
      `<path class="grid" d="M${left} ${at}H${left + plotWidth}"/>`,
      `<text x="${left - 8}" y="${at + 4}" text-anchor="end">${Math.round(share * 100)} %</text>`,
    ];
  });
}

/** At sizes that were measured, as many as can be read. */
function sizeTicks(
  values: readonly number[],
  x: (value: number) => number,
  formatX: (value: number) => string,
): string[] {
  const ticks: string[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const value of values.toSorted((a, b) => a - b)) {
    const at = rounded(x(value));
    if (at - last < leastTickDistance) continue;
    last = at;
    const y = top + plotHeight;
    ticks.push(
      `<path class="axis" d="M${at} ${y}v5"/>`,
      `<text x="${at}" y="${y + 20}" text-anchor="middle">${escaped(formatX(value))}</text>`,
    );
  }
  return ticks;
}

/** Places near these, in the same order from the top, and none over another. */
function spread(places: readonly number[]): number[] {
  const order = places.map((_, index) => index).sort((a, b) => at(places, a) - at(places, b));
  const found = [...places];
  let free = top;
  for (const [rank, index] of order.entries()) {
    // So many labels still have to find room below this one.
    const lowest = top + plotHeight - (order.length - 1 - rank) * labelDistance;
    found[index] = Math.max(free, Math.min(at(places, index), lowest));
    free = at(found, index) + labelDistance;
  }
  return found;
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0;
}
