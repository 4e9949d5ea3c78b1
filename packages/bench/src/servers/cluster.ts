import { startProcesses } from "@kvring/cli/testing";

/** Separate processes, as one would deploy them: NATS, a gateway, nodes and a worker. */
export interface BenchCluster {
  /** host:port of the gateway. */
  readonly address: string;
  /** Every process of kvring, for CPU time. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

export async function startCluster(options: {
  readonly nodes: number;
  /** "0" switches it off, so that every hit is a node's. */
  readonly nearCache: string;
  readonly models: string;
}): Promise<BenchCluster> {
  const cluster = await startProcesses({
    gateways: 1,
    nodes: options.nodes,
    workers: 1,
    models: options.models,
    gatewayFlags: ["--near-cache", options.nearCache],
    logLevel: "error",
  });
  const all = [...cluster.gateways, ...cluster.nodes, ...cluster.workers];
  return {
    address: cluster.gateways[0]?.addresses["grpc"] ?? "",
    pids: all.map(({ pid }) => pid),
    stop: () => cluster.stop(),
  };
}
