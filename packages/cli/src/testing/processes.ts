import { join } from "node:path";
import { type NatsServer, startNatsServer } from "@kvring/bus/testing";
import { type ServerProcess, startServer } from "./server-process.ts";

export const kvringScript = join(import.meta.dirname, "../main.ts");

/** Separate processes, as one would deploy them. */
export interface Processes {
  readonly nats: NatsServer;
  readonly gateways: readonly ServerProcess[];
  readonly nodes: readonly ServerProcess[];
  readonly workers: readonly ServerProcess[];
  /** Starts one more, with the flags that all have in common. */
  start(...args: string[]): Promise<ServerProcess>;
  stop(): Promise<void>;
}

/** A NATS server, and kvring processes around it on free ports; ready when it resolves. */
export async function startProcesses(options: {
  readonly gateways: number;
  readonly nodes: number;
  readonly workers: number;
  /** The model repository; undefined: the models of kvring. */
  readonly models?: string;
  readonly gatewayFlags?: readonly string[];
  readonly nodeFlags?: readonly string[];
  readonly logLevel?: string;
}): Promise<Processes> {
  const nats = await startNatsServer();
  const running: ServerProcess[] = [];
  const common = ["--nats", nats.url, "--log-level", options.logLevel ?? "warn"];
  const start = async (...args: string[]): Promise<ServerProcess> => {
    const server = await startServer(kvringScript, [...args, ...common, "--http", "127.0.0.1:0"]);
    running.unshift(server);
    return server;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((server) => server.stop()));
    await nats.stop();
  };
  const several = (count: number, args: (index: number) => string[]): Promise<ServerProcess[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => start(...args(index + 1))));
  const models = options.models === undefined ? [] : ["--models", options.models];
  try {
    const [nodes, workers, gateways] = await Promise.all([
      several(options.nodes, (index) => [
        ...["node", "--id", `node-${index}`, "--listen", "127.0.0.1:0"],
        ...(options.nodeFlags ?? []),
      ]),
      several(options.workers, (index) => ["worker", "--name", `worker-${index}`, ...models]),
      several(options.gateways, (index) => [
        ...["gateway", "--name", `gateway-${index}`, "--listen", "127.0.0.1:0"],
        ...(options.gatewayFlags ?? []),
      ]),
    ]);
    await Promise.all(gateways.map((gateway) => becomesReady(gateway, options.nodes)));
    return { nats, gateways, nodes, workers, start, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Resolves when a gateway can answer and is linked to so many nodes. */
export async function becomesReady(gateway: ServerProcess, nodes: number): Promise<void> {
  const http = gateway.addresses["http"] ?? "";
  await eventually(async () => {
    const response = await fetch(`http://${http}/readyz`);
    if (!response.ok) return await response.text();
    const linked = await metric(gateway, "kvring_gateway_links_up");
    return linked >= nodes ? undefined : `${linked} of ${nodes} nodes are linked`;
  });
}

/** The sum of a metric over all its labels, as the process exports it; 0 when it has none yet. */
export async function metric(
  server: ServerProcess,
  name: string,
  labels: RegExp = /^/,
): Promise<number> {
  const response = await fetch(`http://${server.addresses["http"]}/metrics`);
  let sum = 0;
  for (const line of (await response.text()).split("\n")) {
    const [, found, labelled = "", value] = /^(\w+)(\{.*\})? (\S+)$/.exec(line) ?? [];
    if (found === name && labels.test(labelled)) sum += Number(value);
  }
  return sum;
}

const patienceMs = 45_000;

/** Asks again and again until nothing is missing; throws what was missing last after 45 s. */
export async function eventually(
  missing: () => Promise<string | undefined> | string | undefined,
): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const why = await missing();
    if (why === undefined) return;
    if (performance.now() > untilMs) throw new Error(`still missing: ${why}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
