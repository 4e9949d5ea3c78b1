import type { Bus } from "@kvring/bus";
import {
  type CacheNodeProcess,
  defaultNodeOptions,
  type NodeOptions,
  startNode,
} from "@kvring/cache-node";
import { type Clock, KvringError, type Log, parseListen } from "@kvring/core";
import { type Gateway, type GatewayOptions, startGateway } from "@kvring/gateway";
import { createMetrics, type HttpPort, type Metrics, serveHttp } from "@kvring/ops";
import { startWorker, type WorkerOptions, type WorkerProcess } from "@kvring/worker";

/** A gateway, nodes and a worker in this process; they speak gRPC over loopback all the same. */
export interface EmbeddedCluster {
  readonly gateway: Gateway;
  readonly nodes: readonly CacheNodeProcess[];
  readonly worker: WorkerProcess;
  /** host:port */
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly metrics: Metrics;
  /**
   * Resolves when every model that can be served is answered, and every node reached; throws when
   * that takes longer than `timeoutMs`, or when there is no such model.
   */
  ready(timeoutMs: number): Promise<void>;
  /** Gateway first, so that nobody asks who has left. */
  drain(): Promise<void>;
}

export async function startEmbedded(parts: {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly gateway: GatewayOptions;
  readonly node: Pick<NodeOptions, "capacityBytes" | "policy" | "lfuAges">;
  readonly nodes: number;
  readonly worker: WorkerOptions;
  readonly http: string;
}): Promise<EmbeddedCluster> {
  const { bus, clock, log } = parts;
  const metrics = createMetrics();
  const shared = { bus, clock, log, metrics };
  const started: { drain(): Promise<void> }[] = [];
  const keep = <T extends { drain(): Promise<void> }>(part: T): T => {
    started.unshift(part);
    return part;
  };
  try {
    const nodes: CacheNodeProcess[] = [];
    for (let index = 1; index <= parts.nodes; index += 1) {
      // They end together: there is nobody to give entries to.
      const options = { ...defaultNodeOptions, ...parts.node, id: `node-${index}`, handoverMs: 0 };
      nodes.push(
        keep(await startNode({ ...shared, options: { ...options, listen: "127.0.0.1:0" } })),
      );
    }
    const worker = keep(await startWorker({ ...shared, options: parts.worker }));
    const gateway = keep(await startGateway({ ...shared, options: parts.gateway }));
    const ready = (): boolean => isReady(gateway, worker, parts.nodes);
    const http: HttpPort = await serveHttp({
      listen: parseListen(parts.http),
      metrics,
      log,
      live: [],
      ready: gateway.checks(),
    });
    const { host } = parseListen(parts.gateway.listen);
    return {
      gateway,
      nodes,
      worker,
      metrics,
      grpcAddress: `${host}:${gateway.port}`,
      httpAddress: http.address,
      ready: (timeoutMs) => waitUntil(ready, timeoutMs, () => whyNot(gateway)),
      async drain() {
        for (const part of started) await part.drain();
        await http.close();
      },
    };
  } catch (error) {
    for (const part of started) await part.drain().catch(() => {});
    throw error;
  }
}

function isReady(gateway: Gateway, worker: WorkerProcess, nodes: number): boolean {
  const links = gateway.nodes.links().filter(({ state }) => state === "up");
  const everyModel = worker.isSettled && gateway.computable >= worker.serving;
  return everyModel && links.length >= nodes && whyNot(gateway) === "";
}

function whyNot(gateway: Gateway): string {
  return gateway
    .checks()
    .flatMap((check) => check.failing() ?? [])
    .join("; ");
}

/** Readiness comes from several sides, and none of them is on a path that counts. */
async function waitUntil(
  ready: () => boolean,
  timeoutMs: number,
  why: () => string,
): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  while (!ready()) {
    if (performance.now() > untilMs) {
      throw new KvringError(
        "MODEL_UNAVAILABLE",
        `nothing can be served after ${timeoutMs} ms: ${why() || "not every node can be reached"}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
