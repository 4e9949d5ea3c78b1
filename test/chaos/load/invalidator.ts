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
  #lanes: Promise<void>[] = [];
  #stopping = new AbortController();

  constructor(options: InvalidatorOptions) {
    this.#options = options;
  }

  /**
   * Through every gateway one after another, at the most so often; those of one gateway wait for
   * nothing that the others do.
   */
  start(scope: Scope, everyMs: number): void {
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    this.#lanes = this.#options.gateways.map(async (gateway) => {
      while (!signal.aborted) {
        const rest = pause(everyMs, undefined, { signal }).catch(() => {});
        if (gateway.isUp) await this.invalidate(gateway, scope);
        await rest;
      }
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#lanes);
  }

  /** Never throws: an invalidation that fails promises nothing, and is a record all the same. */
  async invalidate(gateway: GatewayTarget, scope: Scope): Promise<InvalidationRecord> {
    const { source, timeoutMs } = this.#options;
    const generation = source.change();
    const startMs = performance.now();
    const isOk = await gateway.invalidate(scope, timeoutMs).then(
      () => true,
      () => false,
    );
    const endMs = performance.now();
    const okMs = isOk ? endMs : undefined;
    const record: InvalidationRecord = {
      gateway: gateway.name,
      scope: nameOf(scope),
      generation,
      startMs,
      endMs,
      okMs,
    };
    this.records.push(record);
    return record;
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
