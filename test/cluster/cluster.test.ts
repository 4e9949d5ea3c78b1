/**
 * Separate processes, as deployed: NATS, two gateways, three nodes, two workers; driven by plain
 * gRPC clients.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, metric, type Processes, startProcesses } from "@kvring/cli/testing";
import { KvringClient } from "@kvring/client";
import type { Tensor } from "@kvring/core";
import { defaultBurn, writeFixtureRepository } from "@kvring/models";
import { afterAll, beforeAll, expect, test } from "vitest";

let models: string;
let cluster: Processes;
let clients: KvringClient[];

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "kvring-models-"));
  await writeFixtureRepository(models, ["burn", "sum-difference", "versioned", "echo-bytes"]);
  cluster = await startProcesses({ gateways: 2, nodes: 3, workers: 2, models });
  clients = cluster.gateways.map(({ addresses }) => new KvringClient(addresses["grpc"] ?? ""));
  await eventually(async () => {
    const loaded = await sumOf("workers", "kvring_worker_models");
    return loaded === 10 ? undefined : `${loaded} of 10 model versions are loaded`;
  });
}, 60_000);

afterAll(async () => {
  for (const client of clients ?? []) client.close();
  await cluster?.stop();
  await rm(models, { recursive: true, force: true });
});

test("an answer computed through one gateway is a hit through the other", async () => {
  const [first, second] = clients as [KvringClient, KvringClient];
  const request = { model: "sum-difference", inputs: [ints("a", 5), ints("b", 3)] };
  const computed = await first.infer(request);
  const remembered = await second.infer(request);
  expect(computed.cacheStatus).toBe("kvring; fwd=miss; stored");
  expect(remembered.cacheStatus).toMatch(/^kvring; hit; ttl=\d+; detail=node$/);
  expect(remembered.outputs).toEqual(computed.outputs);
});

test("1000 identical misses through two gateways are one computation", async () => {
  const before = await sumOf("workers", "kvring_worker_computations_total");
  const request = { model: "burn", inputs: [vector(0.25)] };
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, index) => clients[index % 2]?.infer(request)),
  );
  const after = await sumOf("workers", "kvring_worker_computations_total");
  expect(after - before).toBe(1);
  const [first] = answers;
  for (const answer of answers) expect(answer?.outputs).toEqual(first?.outputs);
  const statuses = answers.map((answer) => answer?.cacheStatus ?? "");
  expect(statuses.filter((status) => status === "kvring; fwd=miss; stored")).toHaveLength(1);
});

test("both owners hold the entry: it survives the death of either node", async () => {
  const request = { model: "sum-difference", inputs: [ints("a", 70), ints("b", 2)] };
  await clients[0]?.infer(request);
  await eventually(async () => {
    const entries = await sumOf("nodes", "kvring_node_entries");
    const puts = await sumOf("nodes", "kvring_node_puts_total");
    return entries > 0 && puts % 2 === 0 ? undefined : `${puts} puts`;
  });
  const [owner] = await ownersOf(request);
  const killed = cluster.nodes.findIndex((_, index) => `node-${index + 1}` === owner);
  await cluster.nodes[killed]?.kill();
  const answer = await clients[1]?.infer({
    ...request,
    parameters: [{ name: "cache_control", kind: "string", value: "only-if-cached" }],
  });
  expect(answer?.cacheStatus).toMatch(/detail=node/);
});

test("a worker that dies over a job: the other one answers it", async () => {
  const answers = Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      clients[0]?.infer({ model: "burn", inputs: [vector(10 + index)] }),
    ),
  );
  await cluster.workers[0]?.kill();
  for (const answer of await answers) expect(answer?.outputs).toHaveLength(1);
});

test("every request is accounted for", async () => {
  const requests = await sumOf("gateways", "kvring_gateway_requests_total");
  const answered = await sumOf("gateways", "kvring_gateway_answers_total");
  expect(requests).toBeGreaterThan(1000);
  expect(answered).toBe(requests);
});

async function sumOf(kind: "gateways" | "nodes" | "workers", name: string): Promise<number> {
  const values = await Promise.all(cluster[kind].map((server) => metric(server, name)));
  return values.reduce((sum, value) => sum + value, 0);
}

async function ownersOf(request: Parameters<KvringClient["infer"]>[0]): Promise<string[]> {
  const answer = await clients[0]?.infer({
    ...request,
    parameters: [{ name: "cache_debug", kind: "bool", value: true }],
  });
  const owners = answer?.parameters.get("cache_debug_owners");
  return owners?.kind === "string" ? owners.value.split(",") : [];
}

function ints(name: string, value: number): Tensor {
  const data = Buffer.alloc(64);
  for (let at = 0; at < data.length; at += 4) data.writeInt32LE(value, at);
  return { name, datatype: "INT32", shape: [1, 16], data };
}

function vector(value: number): Tensor {
  const data = Buffer.alloc(defaultBurn.size * 4);
  for (let at = 0; at < data.length; at += 4) data.writeFloatLE(value, at);
  return { name: "x", datatype: "FP32", shape: [1, defaultBurn.size], data };
}
