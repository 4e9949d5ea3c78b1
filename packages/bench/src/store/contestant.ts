import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { KvringError } from "@kvring/core";
import type { Round } from "../report/summary.ts";
import type { CacheName, CacheOptions } from "./caches.ts";

export type Order =
  | { readonly do: "fill" }
  | { readonly do: "get" | "put" | "ask"; readonly forMs: number }
  | { readonly do: "collect" };

/** Where it stands; beside it, what the order was about. */
export interface Answer extends Partial<Round> {
  readonly entries: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly chargedBytes: number | undefined;
  readonly operations?: number;
  readonly longestPutMs?: number;
  readonly collectMs?: number;
  readonly collectWallMs?: number;
}

/** A cache in a process of its own. */
export class Contestant {
  readonly system: CacheName;
  readonly #process: ChildProcess;
  /** Before anything was put. */
  readonly empty: Answer;

  private constructor(system: CacheName, process: ChildProcess, empty: Answer) {
    this.system = system;
    this.#process = process;
    this.empty = empty;
  }

  static async start(system: CacheName, options: CacheOptions): Promise<Contestant> {
    const script = join(import.meta.dirname, "contestant-process.ts");
    const args = [system, String(options.entries), String(options.valueBytes)];
    // Heap enough for a peer that keeps millions of objects there.
    const execArgv = ["--expose-gc", "--max-old-space-size=8192"];
    const process = fork(script, args, { execArgv });
    return new Contestant(system, process, await answerOf(process));
  }

  async tell(order: Order): Promise<Answer> {
    this.#process.send(order);
    return await answerOf(this.#process);
  }

  /** One round of gets, of puts, or of gets by popularity with a put after each that missed. */
  async round(operation: "get" | "put" | "ask", forMs: number): Promise<Round> {
    const { requestsPerSecond, p50Ms, p99Ms, cpuUsPerRequest } = await this.tell({
      do: operation,
      forMs,
    });
    return {
      requestsPerSecond: requestsPerSecond ?? Number.NaN,
      p50Ms: p50Ms ?? Number.NaN,
      p99Ms: p99Ms ?? Number.NaN,
      cpuUsPerRequest: cpuUsPerRequest ?? Number.NaN,
    };
  }

  async stop(): Promise<void> {
    this.#process.kill();
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, "exit");
  }
}

async function answerOf(process: ChildProcess): Promise<Answer> {
  const ended = new AbortController();
  try {
    return await Promise.race([
      once(process, "message", ended).then(([answer]) => answer as Answer),
      once(process, "exit", ended).then(([code, signal]) => {
        throw new KvringError("INTERNAL", `a measured process ended (${code ?? signal})`);
      }),
    ]);
  } finally {
    ended.abort();
  }
}
