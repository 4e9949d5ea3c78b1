import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { KvringError } from "@kvring/core";

/** Programs that the benchmark runs, and the Debian packages that have them. */
const packages = {
  h2load: "nghttp2-client",
  "redis-server": "redis-server",
  memcached: "memcached",
} as const;

export type Tool = keyof typeof packages;

/** Finds a program, or installs it where that is Debian's and ours to do. Says what to do elsewhere. */
export function ensureTool(tool: Tool): void {
  if (isInstalled(tool)) return;
  const debianPackage = packages[tool];
  if (existsSync("/usr/bin/apt-get") && process.getuid?.() === 0) {
    process.stderr.write(`installing ${debianPackage}, for ${tool}\n`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    for (const args of [
      ["update", "-qq"],
      ["install", "-y", "-qq", "--no-install-recommends", debianPackage],
    ]) {
      execFileSync("apt-get", args, { stdio: "ignore", env });
    }
  }
  if (isInstalled(tool)) return;
  throw new KvringError(
    "BAD_CONFIG",
    `the benchmark needs ${tool} on the PATH: install it (Debian: ${debianPackage})`,
  );
}

function isInstalled(tool: Tool): boolean {
  try {
    execFileSync(tool, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
