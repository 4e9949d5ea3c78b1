import type { Entry, Parameter } from "@kvring/core";
import { framedAnswer, type LargeBuffers } from "@kvring/wire";
import { type CacheStatus, formatCacheStatus } from "../cache/cache-status.ts";
import type { NodeDirectory } from "../cluster/node-directory.ts";
import type { CheckedRequest } from "./checked-request.ts";

/** What `cache_debug` tells beside the entry itself. */
export interface DebugSources {
  readonly nodes: NodeDirectory;
  readonly replicas: number;
  readonly leaseAgeMs: () => number;
}

/** A frame of the stored answer as it is, with this request's own fields behind it. */
export function encodeAnswerFor(
  request: CheckedRequest,
  entry: Entry,
  ageMs: number,
  status: CacheStatus,
  sources: DebugSources & { readonly memory: LargeBuffers },
): Uint8Array {
  const text = formatCacheStatus(status);
  const parameters: Parameter[] = [{ name: "cache_status", kind: "string", value: text }];
  if (request.cache.debug) parameters.push(...debugOf(request, entry, ageMs, sources));
  return framedAnswer(entry.body, request.id, parameters, sources.memory);
}

function debugOf(
  request: CheckedRequest,
  entry: Entry,
  ageMs: number,
  { nodes, replicas, leaseAgeMs }: DebugSources,
): Parameter[] {
  const owners = nodes.owners(request.key, replicas).map(({ nodeId }) => nodeId);
  const { born } = entry;
  const text = (name: string, value: string): Parameter => ({ name, kind: "string", value });
  const number = (name: string, value: number): Parameter => ({ name, kind: "double", value });
  return [
    text("cache_debug_key", Buffer.from(request.key).toString("hex")),
    text("cache_debug_digest", entry.digest),
    text("cache_debug_born", `${born.epoch}:${born.sequence}`),
    number("cache_debug_age_ms", ageMs),
    number("cache_debug_cost_ms", entry.costMs),
    number("cache_debug_lease_age_ms", leaseAgeMs()),
    text("cache_debug_owners", owners.join(",")),
    { name: "cache_debug_ring_version", kind: "uint64", value: BigInt(nodes.ringVersion) },
  ];
}
