import { connectNatsBus } from "@kvring/bus";
import { startNatsServer } from "@kvring/bus/testing";
import { type CacheNodeProcess, defaultNodeOptions, startNode } from "@kvring/cache-node";
import { KvringClient } from "@kvring/client";
import { defaultCoherenceOptions } from "@kvring/coherence";
import { KvringError, silentLog, systemClock } from "@kvring/core";
import { defaultGatewayOptions, startGateway } from "@kvring/gateway";
import { createMetrics } from "@kvring/ops";
import type { PolicyChoice } from "@kvring/store";
import { defaultWorkerOptions, startWorker } from "@kvring/worker";

/**
 * A gateway without a near cache, a worker whose ONNX sessions are a process of their own, and
 * NATS: everything but the node, which is another one for every run.
 */
export interface ExperimentCluster {
  readonly client: KvringClient;
  /** Inferences run so far, and the milliseconds they took inside ONNX Runtime. */
  computed(model: string): Promise<{ readonly count: number; readonly ms: number }>;
  /** An empty node as the only one of the ring, as long as `use` takes. */
  withNode<T>(node: NodeChoice, use: (node: CacheNodeProcess) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

interface NodeChoice {
  readonly policy: PolicyChoice;
  readonly capacityBytes: number;
}

const readyTimeoutMs = 60_000;
/** A busy machine may leave us without a core for seconds: no reason to take the worker for dead. */
const jobSilenceMs = 30_000;

export async function startExperimentCluster(models: string): Promise<ExperimentCluster> {
  const ends: (() => Promise<unknown> | undefined)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const nats = await startNatsServer();
    ends.push(() => nats.stop());
    const bus = await connectNatsBus({
      ...{
        servers: [nats.url],
        name: "experiment",
        clock: systemClock,
        log: silentLog,
        replicas: 1,
        ackWaitMs: jobSilenceMs,
      },
    });
    ends.push(() => bus.close());
    const metrics = createMetrics();
    const shared = { bus, clock: systemClock, log: silentLog, metrics };
    const worker = await startWorker({ ...shared, options: { ...defaultWorkerOptions, models } });
    ends.push(() => worker.drain());
    const gateway = await startGateway({
      ...shared,
      options: {
        ...defaultGatewayOptions,
        ...{ listen: "127.0.0.1:0", nearCacheBytes: 0, replicas: 1 },
        coherence: { ...defaultCoherenceOptions, isLogOurs: true },
      },
    });
    ends.push(() => gateway.drain());
    const client = new KvringClient(`127.0.0.1:${gateway.port}`);
    ends.push(async () => client.close());
    const links = (): number => gateway.nodes.links().filter(({ state }) => state === "up").length;
    return {
      client,
      async computed(model) {
        const metric = await metrics.registry
          .getSingleMetric("kvring_worker_inference_seconds")
          ?.get();
        const value = (suffix: string): number =>
          metric?.values.find(
            (sample) =>
              "metricName" in sample &&
              sample.metricName === `kvring_worker_inference_seconds_${suffix}` &&
              sample.labels["model"] === model,
          )?.value ?? 0;
        return { count: value("count"), ms: value("sum") * 1000 };
      },
      async withNode(choice, use) {
        const node = await startNode({
          // The metrics of one node alone: they end with it.
          ...{ ...shared, metrics: createMetrics() },
          options: {
            ...{ ...defaultNodeOptions, ...choice, listen: "127.0.0.1:0", replicas: 1 },
            handoverMs: 0,
          },
        });
        try {
          await until(
            () => links() === 1 && worker.isSettled && gateway.computable >= worker.serving,
            "the gateway reaches the node, and every model",
          );
          return await use(node);
        } finally {
          await node.drain();
          await until(() => links() === 0, "the node has left the ring");
        }
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const untilMs = performance.now() + readyTimeoutMs;
  while (!isSo()) {
    if (performance.now() > untilMs) {
      throw new KvringError("INTERNAL", `not so after ${readyTimeoutMs} ms: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
