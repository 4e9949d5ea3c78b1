import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for traces that a test makes, and that go with it. */
export function traceFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "kvring-traces-"));
  return { path, remove: () => rmSync(path, { recursive: true }) };
}

export function writeKeys(folder: string, name: string, keys: readonly number[]): string {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(Uint32Array.from(keys).buffer));
  return path;
}

/** Keys from 0, round after round. */
export function loopOf(keys: number, rounds: number): number[] {
  return Array.from({ length: keys * rounds }, (_, at) => at % keys);
}

/** As popular as 1/rank, the same ones each time. */
export function zipfOf(keys: number, requests: number): number[] {
  let state = 1;
  return Array.from({ length: requests }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(keys ** (state / 2 ** 32)) - 1;
  });
}
