import type { KvringClient } from "@kvring/client";
import type { Tensor } from "@kvring/core";

/** What a load has seen between two moments. */
export interface Seen {
  readonly requests: number;
  readonly failures: readonly string[];
  /** Answered from memory, near or at a node. */
  readonly hits: number;
  /** Computed for the asker. */
  readonly computed: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/**
 * Questions that repeat, from several askers at a time through all gateways, until it is stopped.
 * Answers stay too far from each other for the near caches: most hits are those of nodes.
 */
export class Load {
  readonly #clients: readonly KvringClient[];
  readonly #questions: number;
  readonly #done: Promise<unknown>;
  #running = true;
  #latencies: number[] = [];
  #failures: string[] = [];
  #hits = 0;
  #computed = 0;
  #next = 0;

  constructor(clients: readonly KvringClient[], questions: number, askers: number) {
    this.#clients = clients;
    this.#questions = questions;
    this.#done = Promise.all(Array.from({ length: askers }, (_, asker) => this.#run(asker)));
  }

  /** What was seen since the last call. */
  take(): Seen {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const seen: Seen = {
      requests: sorted.length + this.#failures.length,
      failures: this.#failures,
      hits: this.#hits,
      computed: this.#computed,
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      maxMs: sorted.at(-1) ?? 0,
    };
    this.#latencies = [];
    this.#failures = [];
    this.#hits = 0;
    this.#computed = 0;
    return seen;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #run(asker: number): Promise<void> {
    const client = this.#clients[asker % this.#clients.length];
    while (this.#running && client !== undefined) {
      // A prime step: askers meet every question, and not in step with each other.
      this.#next = (this.#next + 7) % this.#questions;
      const startMs = performance.now();
      try {
        const { cacheStatus } = await client.infer(question(this.#next), { timeoutMs: 20_000 });
        this.#latencies.push(performance.now() - startMs);
        if (cacheStatus.includes("; hit;")) this.#hits += 1;
        else if (!cacheStatus.includes("collapsed")) this.#computed += 1;
      } catch (error) {
        this.#failures.push(String(error));
      }
    }
  }
}

export function question(number: number): { model: string; inputs: Tensor[] } {
  return { model: "sum-difference", inputs: [ints("a", number), ints("b", 1)] };
}

function ints(name: string, value: number): Tensor {
  const data = Buffer.alloc(64);
  for (let at = 0; at < data.length; at += 4) data.writeInt32LE(value, at);
  return { name, datatype: "INT32", shape: [1, 16], data };
}
