import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { KvringError } from "@kvring/core";

/** A server in a process of its own. */
export interface ServerProcess {
  readonly pid: number;
  /** What its ready line said: `grpc=HOST:PORT` gives `grpc`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** What it logged last. */
  log(): string;
  signal(signal: NodeJS.Signals): void;
  /** Asks it to end, and tells its exit code; kills it when it does not within 15 s. */
  stop(): Promise<number | null>;
  /** kill −9, and gone when this resolves. */
  kill(): Promise<void>;
}

/** Ready means ready for work, and on a machine with few cores six processes start at once. */
const readyTimeoutMs = 100_000;
const stopTimeoutMs = 15_000;
const keptLog = 64 * 1024;

/** Starts `node script …` and waits for its line `… ready name=address …` on stdout. */
export async function startServer(
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let log = "";
  child.stderr.on("data", (text: Buffer) => {
    log = `${log}${text}`.slice(-keptLog);
  });
  const exited = once(child, "exit");
  // Whoever started us may end without a word: nothing is left behind then.
  const killed = (): boolean => child.kill("SIGKILL");
  process.once("exit", killed);
  void exited.then(() => process.off("exit", killed));
  try {
    const addresses = await readyLine(child);
    return {
      pid: child.pid ?? 0,
      addresses,
      log: () => log,
      signal: (signal) => child.kill(signal),
      stop: () => stop(child, exited),
      async kill() {
        child.kill("SIGKILL");
        await exited;
      },
    };
  } catch (error) {
    await stop(child, exited);
    throw new KvringError("INTERNAL", `${script} ${args.join(" ")} did not start: ${log}`, {
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

async function stop(child: ChildProcess, exited: Promise<unknown[]>): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  // A stopped process (SIGSTOP) would not hear SIGTERM.
  child.kill("SIGCONT");
  child.kill("SIGTERM");
  const impatience = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  await exited;
  clearTimeout(impatience);
  return child.exitCode;
}
