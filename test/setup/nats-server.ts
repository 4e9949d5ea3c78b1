import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { findNatsServer, howToInstall } from "@kvring/bus/testing";

const aptGet = "/usr/bin/apt-get";

/** Vitest's global setup: nothing that needs NATS is ever skipped for want of it. */
export function setup(): void {
  ensureNatsServer();
}

/**
 * Finds nats-server, or installs Debian's package when it may. Throws one sentence that says what
 * to install otherwise.
 */
export function ensureNatsServer(): string {
  const found = findNatsServer();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && existsSync(aptGet)) {
    process.stderr.write("nats-server is missing; installing Debian's package\n");
    if (!apt("install")) {
      apt("update");
      apt("install");
    }
  }
  const installed = findNatsServer();
  if (installed === undefined) throw new Error(howToInstall);
  return installed;
}

function apt(step: "update" | "install"): boolean {
  const args = {
    update: ["update", "-q"],
    install: ["install", "-y", "-q", "--no-install-recommends", "nats-server"],
  }[step];
  const { status } = spawnSync(aptGet, args, {
    // What it says goes where logs go; stdout is for reports.
    stdio: ["ignore", 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return status === 0;
}
