import { parseListen, systemClock } from "@kvring/core";
import { startGateway } from "@kvring/gateway";
import { createMetrics, serveHttp } from "@kvring/ops";
import { Command } from "commander";
import { openBus } from "../cluster/bus.ts";
import { gatewayOptions } from "../config/gateway-options.ts";
import { declare, resolve } from "../config/settings.ts";
import {
  common,
  gateway,
  http,
  natsReplicas,
  processName,
  requiredNats,
} from "../config/tables.ts";
import { openLog, refuseOpenPorts, serveUntilInterrupted } from "./serve.ts";

const settings = {
  nats: requiredNats,
  ...gateway,
  http,
  name: processName("gateway"),
  natsReplicas,
  ...common,
};

export function gatewayCommand(): Command {
  const command = new Command("gateway")
    .description("Run a gateway: clients call it, it asks nodes and workers.")
    .addHelpText(
      "after",
      `
Example:
  kvring gateway --nats nats://127.0.0.1:4222 --listen 127.0.0.1:8001`,
    );
  declare(command, settings);
  return command.action(async () => {
    const values = resolve(command, settings);
    refuseOpenPorts([values.listen, values.http], values.insecure);
    const log = openLog(values.name, values.logLevel);
    const bus = await openBus({
      nats: values.nats,
      replicas: values.natsReplicas,
      name: values.name,
      log,
    });
    const metrics = createMetrics();
    const running = await startGateway({
      bus,
      log,
      metrics,
      clock: systemClock,
      options: gatewayOptions(values, { name: values.name, isLogOurs: false }),
    });
    const page = await serveHttp({
      listen: parseListen(values.http),
      metrics,
      log,
      live: [],
      ready: running.checks(),
    });
    await serveUntilInterrupted({
      addresses: {
        grpc: `${parseListen(values.listen).host}:${running.port}`,
        http: page.address,
      },
      checks: running.checks(),
      log,
      async drain() {
        await running.drain();
        await page.close();
        await bus.close();
      },
    });
  });
}
