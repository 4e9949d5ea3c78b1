import { systemClock } from "@kvring/core";
import { shippedRepository } from "@kvring/models";
import { createMetrics } from "@kvring/ops";
import { defaultWorkerOptions, startWorker } from "@kvring/worker";
import { Command } from "commander";
import { openBus } from "../cluster/bus.ts";
import { declare, resolve } from "../config/settings.ts";
import {
  common,
  natsReplicas,
  optionalHttp,
  processName,
  requiredNats,
  worker,
} from "../config/tables.ts";
import { openLog, refuseOpenPorts, serveProcess } from "./serve.ts";

const settings = {
  nats: requiredNats,
  ...worker,
  http: optionalHttp,
  name: processName("worker"),
  natsReplicas,
  ...common,
};

export function workerCommand(): Command {
  const command = new Command("worker")
    .description("Run a worker: it computes what nobody asked before.")
    .addHelpText(
      "after",
      `
Example:
  kvring worker --nats nats://127.0.0.1:4222 --models ./models --processes 4`,
    );
  declare(command, settings);
  return command.action(async () => {
    const values = resolve(command, settings);
    refuseOpenPorts([values.http], values.insecure);
    const log = openLog(values.name, values.logLevel);
    const bus = await openBus({
      nats: values.nats,
      replicas: values.natsReplicas,
      name: values.name,
      log,
      ackWaitMs: values.jobSilence,
    });
    const metrics = createMetrics();
    const running = await startWorker({
      bus,
      log,
      metrics,
      clock: systemClock,
      options: {
        ...defaultWorkerOptions,
        name: values.name,
        models: values.models ?? shippedRepository,
        processes: values.processes,
        retireMs: values.retireAfter,
      },
    });
    await serveProcess({
      name: values.name,
      http: values.http,
      addresses: {},
      checks: running.checks(),
      metrics,
      log,
      drainMs: values.drainTimeout,
      async drain() {
        await running.drain();
        await bus.close();
      },
    });
  });
}
