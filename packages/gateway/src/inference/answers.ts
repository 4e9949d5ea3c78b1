import type { Entry, Parameter } from "@kvring/core";
import { framedAnswer } from "@kvring/wire";
import { type CacheStatus, formatCacheStatus } from "../cache/cache-status.ts";
import type { CheckedRequest } from "./checked-request.ts";
import type { PathParts } from "./inference-path.ts";

/** What is told of an answer beside itself, and where it is put together. */
export class Answers {
  readonly #parts: Pick<PathParts, "nodes" | "options" | "coherence" | "memory">;

  constructor(parts: Pick<PathParts, "nodes" | "options" | "coherence" | "memory">) {
    this.#parts = parts;
  }

  /** A frame of the stored answer as it is, with this request's own fields behind it. */
  encode(request: CheckedRequest, entry: Entry, ageMs: number, status: CacheStatus): Uint8Array {
    const text = formatCacheStatus(status);
    const parameters: Parameter[] = [{ name: "cache_status", kind: "string", value: text }];
    if (request.cache.debug) parameters.push(...this.#debug(request, entry, ageMs));
    return framedAnswer(entry.body, request.id, parameters, this.#parts.memory);
  }

  #debug(request: CheckedRequest, entry: Entry, ageMs: number): Parameter[] {
    const { nodes, options, coherence } = this.#parts;
    const owners = nodes.owners(request.key, options.replicas).map(({ nodeId }) => nodeId);
    const { born } = entry;
    const text = (name: string, value: string): Parameter => ({ name, kind: "string", value });
    const number = (name: string, value: number): Parameter => ({ name, kind: "double", value });
    return [
      text("cache_debug_key", Buffer.from(request.key).toString("hex")),
      text("cache_debug_digest", entry.digest),
      text("cache_debug_born", `${born.epoch}:${born.sequence}`),
      number("cache_debug_age_ms", ageMs),
      number("cache_debug_cost_ms", entry.costMs),
      number("cache_debug_lease_age_ms", coherence.leaseAgeMs()),
      text("cache_debug_owners", owners.join(",")),
      { name: "cache_debug_ring_version", kind: "uint64", value: BigInt(nodes.ringVersion) },
    ];
  }
}
