#!/usr/bin/env node
// kvring needs Node 24.12; where the system's is older, the one that the lock brought runs it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const main = join(dirname(fileURLToPath(import.meta.url)), "../src/main.ts");
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 24 || (major === 24 && minor >= 12)) {
  await import(main);
} else {
  const child = spawn(bundledNode(), [main, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // A terminal interrupts the whole group: the child has heard it already, and a second one would
  // cut its drain short.
  process.on("SIGINT", () => {});
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128);
  });
}

function bundledNode() {
  const name = `node-${process.platform}-${process.arch}`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const node = join(dirname(manifest), "bin/node");
    if (existsSync(node)) return node;
  } catch {
    // Said below.
  }
  process.stderr.write(
    `kvring needs Node 24.12 or newer; this is ${process.versions.node} and ${name} is not installed\n`,
  );
  process.exit(1);
}
