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
      `<rect x="${labelWidth}" y="${y + 4}" width="${round(x(value) - labelWidth)}" height="${rowHeight - 8}" fill="#4878a8"/>`,
      `<path d="M${round(x(min))} ${middle}H${round(x(max))}" stroke="#222" stroke-width="1.5"/>`,
      `<text x="${round(x(max) + 6)}" y="${middle + 4}">${value.toFixed(2)}</text>`,
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="8" y="22" font-size="15">${escaped(title)}</text>
<path d="M${round(x(1))} ${top - 6}V${height - 8}" stroke="#999" stroke-dasharray="4 3"/>
${rows.join("\n")}
</svg>
`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
