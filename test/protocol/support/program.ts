import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { kvringScript } from "@kvring/cli/testing";
import "./compile-cache.ts";

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that goes on until it is told to end. */
export interface Background {
  stdout(): string;
  stderr(): string;
  end(signal?: NodeJS.Signals): Promise<Run>;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The Node and the script, where they are not this one and the command itself. */
  readonly node?: string;
  readonly script?: string;
}

const patienceMs = 40_000;

/** Runs `kvring …` to its end; kills it, and so gives no code, when it does not end within 40 s. */
export async function runKvring(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { child, output } = spawnKvring(args, options);
  const impatience = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(impatience);
  return { code, ...output };
}

export function startKvring(args: readonly string[], options: RunOptions = {}): Background {
  const { child, output } = spawnKvring(args, options);
  const closed = once(child, "close");
  return {
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    async end(signal = "SIGTERM") {
      child.kill(signal);
      const impatience = setTimeout(() => child.kill("SIGKILL"), patienceMs);
      const [code] = (await closed) as [number | null];
      clearTimeout(impatience);
      return { code, ...output };
    },
  };
}

function spawnKvring(args: readonly string[], options: RunOptions) {
  const { env = {}, node = process.execPath, script = kvringScript } = options;
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(node, [script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  return { child, output };
}

/** The lines of a text that ends each of them. */
export function linesOf(text: string): string[] {
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}
