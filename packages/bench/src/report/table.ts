import { type Figure, type Result, rounded } from "./summary.ts";

/** Markdown tables: of rates, ratios first, and of what is not a rate. */
export function formatTables(results: readonly (Result | Figure)[]): string {
  const rates = results.filter((result): result is Result => !("unit" in result));
  const figures = results.filter((result) => "unit" in result);
  const tables = [
    rates.length > 0 ? rateTable(rates) : "",
    figures.length > 0 ? figureTable(figures) : "",
  ];
  return tables.filter((text) => text !== "").join("\n\n");
}

function rateTable(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.scenario,
    result.system,
    `${result.ratio.toFixed(2)} (${result.ratio_min.toFixed(2)}–${result.ratio_max.toFixed(2)})`,
    result.cpu_ratio.toFixed(2),
    result.ratio_to,
    String(result.requests_per_second),
    String(result.p50_ms),
    String(result.p99_ms),
    String(result.cpu_us_per_request),
    String(result.memory_mb ?? ""),
    result.note ?? "",
  ]);
  return table(
    [
      ...["scenario", "system", "ratio", "by CPU", "to", "req/s", "p50 ms", "p99 ms"],
      ...["CPU µs/req", "MB", "note"],
    ],
    rows,
  );
}

function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ scenario, system, value, unit }) => [
    scenario,
    system,
    `${rounded(value)} ${unit}`,
  ]);
  return table(["scenario", "system", "measured"], rows);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
