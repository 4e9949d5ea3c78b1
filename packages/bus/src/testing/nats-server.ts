import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable } from "node:stream";

/** A real nats-server with JetStream, on a free port of the loopback and with a store of its own. */
export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** Of the process that runs or ran last. */
  readonly pid: number;
  /** What it said last: for the one who looks for the reason of a failure. */
  readonly output: string;
  /** Ends the process; port and store stay. */
  halt(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Runs again on the same port, with its store or, wiped, with an empty one. */
  resume(options?: { readonly wipe?: boolean }): Promise<void>;
  /** Ends the process and removes its store. */
  stop(): Promise<void>;
}

/** Debian puts it where only root looks. */
const furtherPlaces = ["/usr/local/bin", "/usr/local/sbin", "/usr/sbin"];

/** The path of nats-server, or undefined when it is not installed. */
export function findNatsServer(): string | undefined {
  const places = [...(process.env["PATH"] ?? "").split(delimiter), ...furtherPlaces];
  return places
    .filter((place) => place !== "")
    .map((place) => join(place, "nats-server"))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export const howToInstall =
  "nats-server is missing: install it (Debian, Ubuntu: apt-get install nats-server; macOS: brew install nats-server; or https://github.com/nats-io/nats-server/releases) and put it on the PATH";

/** Throws when nats-server is not installed or does not start. */
export async function startNatsServer(): Promise<NatsServer> {
  const store = mkdtempSync(join(tmpdir(), "kvring-nats-"));
  try {
    return new RunningServer(store, await run(store, "any"));
  } catch (error) {
    rmSync(store, { recursive: true, force: true });
    throw error;
  }
}

interface Run {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly output: () => string;
}

const outputLimit = 16_384;

class RunningServer implements NatsServer {
  readonly #store: string;
  #run: Run;

  constructor(store: string, first: Run) {
    this.#store = store;
    this.#run = first;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#run.port;
  }

  get pid(): number {
    return this.#run.pid;
  }

  get output(): string {
    return this.#run.output();
  }

  async halt(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const { child } = this.#run;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  async resume(options: { readonly wipe?: boolean } = {}): Promise<void> {
    await this.halt();
    if (options.wipe) rmSync(join(this.#store, "jetstream"), { recursive: true, force: true });
    this.#run = await run(this.#store, this.port);
  }

  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.#store, { recursive: true, force: true });
  }
}

/** The server itself picks a free port for −1, so that nobody can take it in between. */
async function run(store: string, port: number | "any"): Promise<Run> {
  const path = findNatsServer();
  if (path === undefined) throw new Error(howToInstall);
  const wanted = port === "any" ? "-1" : String(port);
  const child = spawn(path, ["-a", "127.0.0.1", "-p", wanted, "-js", "-sd", store], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  // Whoever started it ends without stopping it.
  const abandoned = () => {
    child.kill("SIGKILL");
    rmSync(store, { recursive: true, force: true });
  };
  process.once("exit", abandoned);
  child.once("exit", () => process.off("exit", abandoned));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-outputLimit);
  });
  const ready = await readiness(child);
  if (child.pid === undefined) throw new Error("nats-server has no process id");
  return { child, pid: child.pid, port: ready, output: () => said };
}

/** Resolves with the port once the server takes connections. */
function readiness(child: ChildProcessByStdio<null, null, Readable>): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`nats-server ended at once:\n${output}`)));
    child.stderr.on("data", (text: string) => {
      if (output.includes("Server is ready")) return;
      output += text;
      const port = /client connections on 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
      if (port !== undefined && output.includes("Server is ready")) resolve(Number(port));
    });
  });
}
