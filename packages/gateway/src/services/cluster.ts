import {
  credentials,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Bus } from "@kvring/bus";
import type { Position } from "@kvring/core";
import { clientOptions, loadServices, type NodeLink } from "@kvring/wire";
import type { NearCache } from "../cache/near-cache.ts";
import type { ModelCatalog } from "../catalog/model-catalog.ts";
import type { NodeDirectory } from "../cluster/node-directory.ts";
import type { GatewayMetrics } from "../metrics.ts";

const nodeTimeoutMs = 1_000;
const busTimeoutMs = 1_000;

/** `kvring.v1.ClusterService`: what this gateway knows, and what the nodes tell when asked. */
export function clusterHandlers(parts: {
  readonly id: string;
  readonly replicas: number;
  readonly uptimeMs: () => number;
  readonly position: () => Position;
  readonly bus: Bus;
  readonly catalog: ModelCatalog;
  readonly nodes: NodeDirectory;
  readonly nearCache: NearCache;
  readonly metrics: GatewayMetrics;
}): UntypedServiceImplementation {
  const { catalog, nodes, nearCache, metrics } = parts;
  const describe = async (): Promise<object> => {
    const [queuedJobs, described] = await Promise.all([
      queueDepth(parts.bus),
      Promise.all(nodes.links().map((link) => describeNode(link, nodes))),
    ]);
    return {
      gatewayId: parts.id,
      uptimeMs: parts.uptimeMs(),
      position: parts.position(),
      ringVersion: nodes.ringVersion,
      replicas: parts.replicas,
      answers: camelCased(metrics.totals()),
      nearCacheUsedBytes: nearCache.usedBytes,
      nearCacheCapacityBytes: nearCache.capacityBytes,
      nearCacheEntries: nearCache.size,
      ...(queuedJobs !== undefined && { queuedJobs }),
      models: catalog.all().map((model) => ({
        model: model.model,
        version: model.version,
        digest: model.digest,
        computable: catalog.isComputable(model),
      })),
      refused: catalog.refused(),
      nodes: described,
    };
  };
  return {
    Describe: (_call: ServerUnaryCall<object, object>, callback: sendUnaryData<object>) => {
      describe().then(
        (description) => callback(null, description),
        (error) => callback(error),
      );
    },
  };
}

/** Undefined when the bus does not say in time: a report is not worth waiting for. */
async function queueDepth(bus: Bus): Promise<number | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), busTimeoutMs);
  });
  try {
    return await Promise.race([bus.queue.depth(), late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

async function describeNode(link: NodeLink, nodes: NodeDirectory): Promise<object> {
  const stats = await nodeStats(link.address);
  const member = nodes.member(link.nodeId);
  return {
    nodeId: link.nodeId,
    address: link.address,
    zone: member?.zone ?? "",
    state: member?.state ?? "",
    reachable: link.state === "up",
    primaryShare: nodes.primaryShare(link.nodeId),
    ...(stats !== undefined && { stats }),
  };
}

function nodeStats(address: string): Promise<object | undefined> {
  const { CacheNode } = loadServices().kvring.v1;
  const client = new CacheNode(address, credentials.createInsecure(), clientOptions);
  return new Promise((resolve) => {
    client.Stats({}, { deadline: Date.now() + nodeTimeoutMs }, (_error, stats) => {
      client.close();
      resolve(stats);
    });
  });
}

/** proto-loader speaks camelCase. */
function camelCased(counts: Readonly<Record<string, number>>): Record<string, number> {
  const rename = (name: string): string =>
    name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [rename(name), count]));
}
