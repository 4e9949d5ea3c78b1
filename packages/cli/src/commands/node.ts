import { startNode } from "@kvring/cache-node";
import { systemClock } from "@kvring/core";
import { createMetrics } from "@kvring/ops";
import { Command } from "commander";
import { openBus } from "../cluster/bus.ts";
import { nodeOptions } from "../config/node-options.ts";
import { declare, resolve } from "../config/settings.ts";
import {
  common,
  natsReplicas,
  node,
  nodeProcess,
  optionalHttp,
  processes,
  requiredNats,
} from "../config/tables.ts";
import { startApart } from "../processes/start.ts";
import { type MemberFlags, memberNames, portAfter, supervise } from "../processes/supervise.ts";
import { openLog, refuseOpenPorts, serveProcess } from "./serve.ts";

const settings = {
  nats: requiredNats,
  ...nodeProcess,
  ...node,
  processes,
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
Examples:
  kvring node --nats nats://127.0.0.1:4222 --id node-1 --listen 127.0.0.1:8101 --capacity 4GiB
  kvring node --id a --processes 4     members a-1 to a-4 of the ring, on ports 8101 to 8104`,
    );
  declare(command, settings);
  return command.action(async () => {
    const values = resolve(command, settings);
    refuseOpenPorts([values.listen, values.http], values.insecure);
    const options = nodeOptions(values);
    const log = openLog(values.id, values.logLevel);
    if (values.processes > 1) {
      const { id: name, http: page, listen, advertise } = values;
      const names = memberNames(name, values.processes);
      const flags: MemberFlags = (index) => [
        ...["--processes", "1", "--id", names[index] ?? name],
        ...["--listen", portAfter(listen, index)],
        ...(advertise === undefined ? [] : ["--advertise", portAfter(advertise, index)]),
      ];
      const drainMs = values.drainTimeout;
      await supervise({ name, names, start: startApart, flags, http: page, log, drainMs });
      return;
    }
    const bus = await openBus({
      nats: values.nats,
      replicas: values.natsReplicas,
      name: values.id,
      log,
    });
    const metrics = createMetrics();
    const running = await startNode({ bus, log, metrics, clock: systemClock, options });
    await serveProcess({
      name: values.id,
      http: values.http,
      addresses: { grpc: running.address },
      checks: running.checks(),
      refusal: () => running.refusal,
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
