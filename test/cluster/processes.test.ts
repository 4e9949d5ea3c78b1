import { readFileSync } from "node:fs";
import { Client, credentials } from "@grpc/grpc-js";
import {
  eventually,
  metric,
  type Processes,
  type ServerProcess,
  startProcesses,
} from "@kvring/cli/testing";
import { shippedRepository } from "@kvring/models";
import { encodeRequest } from "@kvring/wire";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Several processes behind one command, with a real NATS server and a real worker. */
let cluster: Processes;
let nodes: ServerProcess;
let gateway: ServerProcess;

beforeAll(async () => {
  cluster = await startProcesses({ gateways: 0, nodes: 0, workers: 1, models: shippedRepository });
  [nodes, gateway] = await Promise.all([
    cluster.start("node", "--processes", "2", "--id", "n", "--listen", "127.0.0.1:0"),
    cluster.start("gateway", "--processes", "2", "--listen", "127.0.0.1:0"),
  ]);
  await linked(2 * 2);
}, 120_000);
afterAll(() => cluster?.stop());

/** Every gateway process reaches every node process. */
function linked(links: number): Promise<void> {
  return eventually(async () => {
    const up = await metric(gateway, "kvring_gateway_links_up");
    return up >= links ? undefined : `${up} links of ${links} are up`;
  });
}

function question(seed: number): Uint8Array {
  const data = Buffer.alloc(784 * 4);
  data.writeFloatLE(seed, 0);
  const image = { name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data } as const;
  return encodeRequest({ model: "mnist", inputs: [image] });
}

/** On a connection of its own for each. */
async function ask(count: number, seed: number): Promise<void> {
  const bytes = (message: Buffer): Buffer => message;
  const message = Buffer.from(question(seed));
  const asked = Array.from({ length: count }, async () => {
    const client = new Client(gateway.addresses["grpc"] ?? "", credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    });
    const path = "/inference.GRPCInferenceService/ModelInfer";
    await new Promise<void>((resolve, reject) => {
      client.makeUnaryRequest(path, bytes, bytes, message, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
    client.close();
  });
  await Promise.all(asked);
}

function childrenOf({ pid }: ServerProcess): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim().split(" ").map(Number);
}

test("each node process is a member of the ring at an address of its own", async () => {
  const addresses = (nodes.addresses["grpc"] ?? "").split(",");
  expect(new Set(addresses).size).toBe(2);
  expect(await metric(nodes, "kvring_processes_ready")).toBe(2);
});

test("connections to the one port of the gateway are shared out, and counted on one page", async () => {
  await ask(6, 1);
  const requests = (name: string) =>
    metric(gateway, "kvring_gateway_requests_total", new RegExp(`process="${name}"`));
  const [one, two] = [await requests("gateway-1"), await requests("gateway-2")];
  // In turn, but for a process that has not taken in the one before yet.
  expect(one + two).toBe(6);
  expect(Math.min(one, two)).toBeGreaterThan(0);
});

test("a process that dies is started again, on the same port, and the others serve meanwhile", async () => {
  const [victim = 0] = childrenOf(gateway);
  process.kill(victim, "SIGKILL");
  await eventually(async () => {
    const restarts = await metric(gateway, "kvring_process_restarts_total");
    const ready = await metric(gateway, "kvring_processes_ready");
    return restarts === 1 && ready === 2 ? undefined : `${restarts} restarts, ${ready} ready`;
  });
  expect(childrenOf(gateway)).not.toContain(victim);
  await linked(2 * 2);
  await ask(4, 2);
  const response = await fetch(`http://${gateway.addresses["http"]}/readyz`);
  expect(response.status).toBe(200);
});

test("what cannot be served is refused for all of them", async () => {
  const [taken = ""] = (nodes.addresses["grpc"] ?? "").split(",");
  await expect(
    cluster.start("gateway", "--name", "late", "--processes", "2", "--listen", taken),
  ).rejects.toThrow("PORT_IN_USE");
});

test("SIGTERM drains all of them", async () => {
  for (const parent of [gateway, nodes]) {
    const children = childrenOf(parent);
    expect(children).toHaveLength(2);
    expect(await parent.stop()).toBe(0);
    for (const pid of children) expect(() => process.kill(pid, 0)).toThrow();
  }
});
