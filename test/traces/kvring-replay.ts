import { execFile } from "node:child_process";
import { join } from "node:path";

const main = join(import.meta.dirname, "..", "..", "packages", "cli", "src", "main.ts");

export interface Replayed {
  readonly policy: string;
  readonly capacity_entries?: number;
  readonly capacity_bytes?: number;
  readonly requests: number;
  readonly hits: number;
  readonly misses: number;
  readonly hit_ratio: number;
  readonly byte_hit_ratio: number;
  readonly evictions: number;
  readonly seconds: number;
}

/** `kvring` with these words: what it printed, and whether it failed. */
export function kvring(
  ...words: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...words], (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? 1);
      resolve({ code, stdout, stderr });
    });
  });
}

/** The reports of `--json`. Throws what it said when it failed. */
export async function replayed(...flags: string[]): Promise<Replayed[]> {
  const { code, stdout, stderr } = await kvring("replay", ...flags, "--json");
  if (code !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line): Replayed => JSON.parse(line));
}
