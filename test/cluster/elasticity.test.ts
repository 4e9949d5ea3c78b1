/** Nodes come, go and die under load, and nobody who asks can tell. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  eventually,
  kvringScript,
  metric,
  type Processes,
  startProcesses,
} from "@kvring/cli/testing";
import { KvringClient } from "@kvring/client";
import { writeFixtureRepository } from "@kvring/models";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Load } from "./elasticity-load.ts";

const questions = 1_000;

let models: string;
let cluster: Processes;
let clients: KvringClient[];
let load: Load;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "kvring-models-"));
  await writeFixtureRepository(models, ["sum-difference"]);
  cluster = await startProcesses({
    gateways: 2,
    nodes: 4,
    workers: 1,
    models,
    // Every hit is one of a node.
    gatewayFlags: ["--near-cache", "0"],
  });
  clients = cluster.gateways.map(({ addresses }) => new KvringClient(addresses["grpc"] ?? ""));
  load = new Load(clients, questions, 8);
  await warm();
}, 120_000);

afterAll(async () => {
  await load?.stop();
  for (const client of clients ?? []) client.close();
  await cluster?.stop();
  await rm(models, { recursive: true, force: true });
});

test("a node that is killed leaves the ring, and no request fails", async () => {
  const before = await ringVersion();
  load.take();
  await cluster.nodes[3]?.kill();
  await eventually(async () => {
    const names = await nodesInRing();
    return names.includes("node-4") ? `node-4 is still in the ring: ${names}` : undefined;
  });
  const seen = load.take();
  expect(seen.failures).toEqual([]);
  expect(seen.requests).toBeGreaterThan(100);
  expect(await ringVersion()).toBeGreaterThan(before);
});

/** Until everything was computed, and everything asked is a hit. */
async function warm(): Promise<void> {
  await eventually(async () => {
    load.take();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { requests, hits } = load.take();
    return requests > 0 && hits === requests ? undefined : `${hits} of ${requests} are hits`;
  });
}

function ringVersion(): Promise<number> {
  const [gateway] = cluster.gateways;
  if (gateway === undefined) throw new Error("gateways were started");
  return metric(gateway, "kvring_gateway_ring_version");
}

async function nodesInRing(): Promise<string[]> {
  const target = cluster.gateways[0]?.addresses["grpc"] ?? "";
  const args = [kvringScript, "ring", "--target", target];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return [...stdout.matchAll(/node-\d+/g)].map(([name]) => name);
}
