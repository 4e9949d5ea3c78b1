import { becomesReady, metric, type ServerProcess, startProcesses } from "@kvring/cli/testing";

/** Separate processes, as one would deploy them: NATS, nodes, a worker, and gateways on demand. */
export interface BenchCluster {
  /** Of all but the gateways, NATS included. */
  readonly pids: readonly number[];
  readonly nodePids: readonly number[];
  startGateway(name: string, nearCache: string): Promise<ServerProcess>;
  /** Models run so far, by all workers. */
  computations(): Promise<number>;
  stop(): Promise<void>;
}

export async function startCluster(options: {
  readonly nodes: number;
  readonly models: string;
}): Promise<BenchCluster> {
  const cluster = await startProcesses({
    ...{ gateways: 0, workers: 1, nodes: options.nodes, models: options.models },
    logLevel: "error",
  });
  const { nats, nodes, workers } = cluster;
  return {
    pids: [nats, ...nodes, ...workers].map(({ pid }) => pid),
    nodePids: nodes.map(({ pid }) => pid),
    async startGateway(name, nearCache) {
      const gateway = await cluster.start(
        ...["gateway", "--name", name.replaceAll(/\W+/g, "-"), "--listen", "127.0.0.1:0"],
        ...["--near-cache", nearCache],
      );
      await becomesReady(gateway, options.nodes);
      return gateway;
    },
    async computations() {
      const counts = await Promise.all(
        workers.map((worker) => metric(worker, "kvring_worker_computations_total")),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    },
    stop: () => cluster.stop(),
  };
}
