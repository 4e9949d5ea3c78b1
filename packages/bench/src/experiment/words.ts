export { median } from "../load/quantile.ts";

/** 0.1234 → "12.3 %". */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1).replace("-", "−")} %`;
}

/** 0.0123 → "1.23", of points. */
export function points(share: number): string {
  return (share * 100).toFixed(2).replace("-", "−");
}

export function milliseconds(ms: number): string {
  return ms.toFixed(ms < 1 ? 3 : 2).replace("-", "−");
}
