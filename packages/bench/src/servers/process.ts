import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { KvringError } from "@kvring/core";

/** A server under measurement, in a process of its own. */
export interface ServerProcess {
  readonly pid: number;
  /** What its ready line said: `grpc=HOST:PORT` gives `grpc`. */
  readonly addresses: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const readyTimeoutMs = 60_000;
const stopTimeoutMs = 15_000;

/** Starts `node script …` and waits for its line `… ready name=address …` on stdout. */
export async function startServer(script: string, args: readonly string[]): Promise<ServerProcess> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (text: Buffer) => {
    complaints = `${complaints}${text}`.slice(-4000);
  });
  try {
    const addresses = await readyLine(child);
    return { pid: child.pid ?? 0, addresses, stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw new KvringError("INTERNAL", `${script} ${args.join(" ")} did not start: ${complaints}`, {
      cause: error,
    });
  }
}

async function readyLine(child: ChildProcess): Promise<Record<string, string>> {
  if (child.stdout === null) throw new Error("stdout is piped");
  const lines = createInterface({ input: child.stdout });
  const impatience = setTimeout(() => lines.close(), readyTimeoutMs);
  try {
    for await (const line of lines) {
      if (!line.includes(" ready ")) continue;
      const pairs = line.matchAll(/(\w+)=(\S+)/g);
      return Object.fromEntries([...pairs].map(([, name, value]) => [name, value]));
    }
  } finally {
    clearTimeout(impatience);
    child.stdout.resume();
  }
  throw new Error("no ready line");
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const impatience = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  await exited;
  clearTimeout(impatience);
}
