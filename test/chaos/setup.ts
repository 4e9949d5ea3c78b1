import { spawnSync } from "node:child_process";
import { join } from "node:path";

const prepare = join(import.meta.dirname, "../../deploy/chaos/prepare.sh");

/** Vitest's global setup: Docker, the images and the tools are there before the first test. */
export function setup(): void {
  run("--up");
}

/** Stops the Docker daemon if it was started for this run. */
export function teardown(): void {
  run("--down");
}

function run(step: "--up" | "--down"): void {
  const { status } = spawnSync(prepare, [step], { stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error(`prepare.sh ${step} failed; its last line says why`);
}
