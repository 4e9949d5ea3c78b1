import { parseListen, systemClock } from "@kvring/core";
import { startGateway } from "@kvring/gateway";
import { createMetrics } from "@kvring/ops";
import { Command } from "commander";
import { openBus } from "../cluster/bus.ts";
import { gatewayOptions } from "../config/gateway-options.ts";
import { declare, resolve } from "../config/settings.ts";
import {
  common,
  gateway,
  http,
  natsReplicas,
  processes,
  processName,
  requiredNats,
} from "../config/tables.ts";
import { startSharing } from "../processes/start.ts";
import { chosenPort, type MemberFlags, memberNames, supervise } from "../processes/supervise.ts";
import { openLog, refuseOpenPorts, serveProcess } from "./serve.ts";

const settings = {
  nats: requiredNats,
  ...gateway,
  http,
  name: processName("gateway"),
  processes,
  natsReplicas,
  ...common,
};

export function gatewayCommand(): Command {
  const command = new Command("gateway")
    .description("Run a gateway: clients call it, it asks nodes and workers.")
    .addHelpText(
      "after",
      `
Examples:
  kvring gateway --nats nats://127.0.0.1:4222 --listen 127.0.0.1:8001
  kvring gateway --processes 4     one port, four cores; clients need several connections`,
    );
  declare(command, settings);
  return command.action(async () => {
    const values = resolve(command, settings);
    refuseOpenPorts([values.listen, values.http], values.insecure);
    const log = openLog(values.name, values.logLevel);
    if (values.processes > 1) {
      const { name, http: page } = values;
      const names = memberNames(name, values.processes);
      // Chosen once: who is started again must listen where the others do.
      const listen = await chosenPort(values.listen);
      const flags: MemberFlags = (index) => [
        ...["--processes", "1", "--name", names[index] ?? name, "--listen", listen],
      ];
      const drainMs = values.drainTimeout;
      await supervise({ name, names, start: startSharing, flags, http: page, log, drainMs });
      return;
    }
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
    await serveProcess({
      name: values.name,
      http: values.http,
      addresses: { grpc: `${parseListen(values.listen).host}:${running.port}` },
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
