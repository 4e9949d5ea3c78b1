import { defaultNodeOptions, startNode } from "@kvring/cache-node";
import { parseListen, systemClock } from "@kvring/core";
import { createMetrics, serveHttp } from "@kvring/ops";
import { Command } from "commander";
import { openBus } from "../cluster/bus.ts";
import { declare, resolve } from "../config/settings.ts";
import {
  common,
  natsReplicas,
  node,
  nodeProcess,
  optionalHttp,
  requiredNats,
} from "../config/tables.ts";
import { openLog, refuseOpenPorts, serveUntilInterrupted } from "./serve.ts";

const settings = {
  nats: requiredNats,
  ...nodeProcess,
  ...node,
  http: optionalHttp,
  natsReplicas,
  ...common,
};

export function nodeCommand(): Command {
  const command = new Command("node")
    .description("Run a cache node: it joins the ring and remembers answers.")
    .addHelpText(
      "after",
      `
Example:
  kvring node --nats nats://127.0.0.1:4222 --id node-1 --listen 127.0.0.1:8101 --capacity 4GiB`,
    );
  declare(command, settings);
  return command.action(async () => {
    const values = resolve(command, settings);
    refuseOpenPorts([values.listen, values.http], values.insecure);
    const log = openLog(values.id, values.logLevel);
    const bus = await openBus({
      nats: values.nats,
      replicas: values.natsReplicas,
      name: values.id,
      log,
    });
    const metrics = createMetrics();
    const running = await startNode({
      bus,
      log,
      metrics,
      clock: systemClock,
      options: {
        ...defaultNodeOptions,
        id: values.id,
        zone: values.zone,
        listen: values.listen,
        advertise: values.advertise,
        capacityBytes: values.capacity,
        policy: values.policy,
        replicas: values.replicas,
        handoverMs: values.handoverTimeout,
        warmMs: values.joinTimeout,
        snapshotDirectory: values.snapshot,
        handoverBytesPerSecond: values.handoverRate,
        handoverEntries: values.handoverEntries,
      },
    });
    const page = await serveHttp({
      listen: parseListen(values.http),
      metrics,
      log,
      live: [],
      ready: running.checks(),
    });
    await serveUntilInterrupted({
      addresses: { grpc: running.address, http: page.address },
      checks: running.checks(),
      refusal: () => running.refusal,
      log,
      async drain() {
        await running.drain();
        await page.close();
        await bus.close();
      },
    });
  });
}
