/** Lines of one chart, as distinct on white as on black. */
export const lineColors = [
  ...["#3b82d6", "#d97706", "#2f9e5b", "#c2409a", "#8b6fd8", "#0e9aa7", "#d64545", "#8a8f98"],
] as const;

/**
 * A chart that is read on light and on dark ground: it paints the ground itself, and asks whoever
 * shows it which of the two it is to be.
 */
export function svgOf(
  { title, width, height }: { readonly title: string; width: number; height: number },
  content: readonly string[],
): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img">
<title>${escaped(title)}</title>
<style>
.ground { fill: #fff } .grid { stroke: #ddd } .axis, .spread { stroke: #222 } .mark { stroke: #999 } text { fill: #222 }
@media (prefers-color-scheme: dark) {
  .ground { fill: #15181c } .grid { stroke: #333941 } .axis, .spread { stroke: #d5d9df } .mark { stroke: #7b828c } text { fill: #d5d9df }
}
</style>
<rect class="ground" width="${width}" height="${height}"/>
<text x="8" y="22" font-size="15">${escaped(title)}</text>
${content.join("\n")}
</svg>
`;
}

/** To a tenth of a pixel. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
