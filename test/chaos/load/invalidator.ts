import { setTimeout as pause } from "node:timers/promises";
import type { Scope } from "@kvring/core";
import type { InvalidationRecord } from "../history/history.ts";
import type { GatewayTarget } from "./gateway-target.ts";
import type { GenerationSource } from "./generation-worker.ts";

export interface InvalidatorOptions {
  readonly gateways: readonly GatewayTarget[];
  readonly source: GenerationSource;
  readonly timeoutMs: number;
}

/** Changes the data and invalidates what came from it, and writes down what was promised when. */
export class Invalidator {
  readonly records: InvalidationRecord[] = [];
  readonly #options: InvalidatorOptions;
  #running: Promise<void> = Promise.resolve();
  #stopping = new AbortController();
  #next = 0;

  constructor(options: InvalidatorOptions) {
    this.#options = options;
  }

  /** One after another, at the most so often. */
  start(scope: Scope, everyMs: number): void {
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    this.#running = (async () => {
      while (!signal.aborted) {
        const rest = pause(everyMs, undefined, { signal }).catch(() => {});
        await this.invalidate(scope);
        await rest;
      }
    })();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Never throws: an invalidation that fails promises nothing, and is a record all the same. */
  async invalidate(scope: Scope): Promise<InvalidationRecord> {
    const { source, timeoutMs } = this.#options;
    const generation = source.change();
    const startMs = performance.now();
    const isOk = await this.#coordinator()
      .invalidate(scope, timeoutMs)
      .then(
        () => true,
        () => false,
      );
    const endMs = performance.now();
    const okMs = isOk ? endMs : undefined;
    const record = { scope: nameOf(scope), generation, startMs, endMs, okMs };
    this.records.push(record);
    return record;
  }

  /** The gateways in turn; one that is down only when there is no other. */
  #coordinator(): GatewayTarget {
    const { gateways } = this.#options;
    const up = gateways.filter(({ isUp }) => isUp);
    const candidates = up.length > 0 ? up : gateways;
    this.#next += 1;
    const chosen = candidates[this.#next % candidates.length];
    if (chosen === undefined) throw new Error("there is no gateway to invalidate through");
    return chosen;
  }
}

/** As the records of requests name their scopes. */
function nameOf(scope: Scope): string {
  switch (scope.kind) {
    case "all":
      return "all";
    case "model":
      return `model:${scope.model}`;
    case "tag":
      return `tag:${scope.tag}`;
    default:
      throw new Error(`no question of these tests carries a scope of kind "${scope.kind}"`);
  }
}
