/** Hit ratios for which a size is looked for. */
export const targets = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99] as const;

const gibibyte = 1024 ** 3;

/** What "more" is: a gibibyte; of entries, a quarter of those there are. */
export function addedTo(capacity: number, unit: "entries" | "bytes"): number {
  return unit === "bytes" ? gibibyte : Math.ceil(capacity / 4);
}
