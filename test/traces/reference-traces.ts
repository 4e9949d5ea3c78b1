import { existsSync } from "node:fs";
import { join } from "node:path";

/** Traces that are no part of this project lie beside its root, where they are at all. */
const folder = join(import.meta.dirname, "..", "..", "..", "shared", "traces");

export const hasReferenceTraces = existsSync(join(folder, "oltp.u32le.gz"));

/** Goes into the names of tests, so that a report tells what was run. */
export const source = hasReferenceTraces
  ? "the reference traces"
  : "generated traces only, as there are no reference traces beside the project";

export function referenceTrace(name: string): string {
  return join(folder, name);
}
