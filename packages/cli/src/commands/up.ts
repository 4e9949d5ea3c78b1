import { systemClock } from "@kvring/core";
import { shippedRepository } from "@kvring/models";
import { onShutdown } from "@kvring/ops";
import { defaultWorkerOptions } from "@kvring/worker";
import { Command } from "commander";
import { openBus } from "../cluster/bus.ts";
import { startEmbedded } from "../cluster/embedded.ts";
import { gatewayOptions } from "../config/gateway-options.ts";
import { declare, resolve } from "../config/settings.ts";
import {
  common,
  gateway,
  http,
  nats,
  natsReplicas,
  node,
  nodes,
  worker,
} from "../config/tables.ts";
import { announce, openLog, refuseOpenPorts } from "./serve.ts";

const settings = { ...gateway, http, ...worker, nodes, ...node, nats, natsReplicas, ...common };

const readyTimeoutMs = 60_000;

export function upCommand(): Command {
  const command = new Command("up")
    .description("Run a whole cluster in this process: a gateway, cache nodes and a worker.")
    .addHelpText(
      "after",
      `
Examples:
  kvring up
  kvring up --models ./models --nodes 5 --capacity 512MiB
  kvring up --nats nats://127.0.0.1:4222     share log and queue with other processes`,
    );
  declare(command, settings);
  return command.action(async () => {
    const values = resolve(command, settings);
    refuseOpenPorts([values.listen, values.http], values.insecure);
    const log = openLog("kvring", values.logLevel);
    const bus = await openBus({
      nats: values.nats,
      replicas: values.natsReplicas,
      name: "kvring-up",
      log,
      ackWaitMs: values.jobSilence,
    });
    const cluster = await startEmbedded({
      bus,
      log,
      clock: systemClock,
      gateway: gatewayOptions(values, { name: "gateway", isLogOurs: values.nats === undefined }),
      node: { capacityBytes: values.capacity, policy: values.policy, lfuAges: values.lfuAgeing },
      nodes: values.nodes,
      worker: {
        ...defaultWorkerOptions,
        models: values.models ?? shippedRepository,
        processes: values.processes,
        retireMs: values.retireAfter,
      },
      http: values.http,
    });
    const drain = async (): Promise<void> => {
      await cluster.drain();
      await bus.close();
    };
    // Before it is ready, which may take as long as a model loads: an interrupted start drains too.
    onShutdown(log, drain, { timeoutMs: values.drainTimeout });
    try {
      await cluster.ready(readyTimeoutMs);
    } catch (error) {
      await drain();
      throw error;
    }
    announce({ grpc: cluster.grpcAddress, http: cluster.httpAddress });
  });
}
