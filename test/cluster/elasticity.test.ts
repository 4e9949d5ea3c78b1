/** Nodes come, go and die under load, and nobody who asks can tell. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Bus, connectNatsBus, type RingRecord, watchRing } from "@kvring/bus";
import {
  eventually,
  kvringScript,
  metric,
  type Processes,
  startProcesses,
} from "@kvring/cli/testing";
import { KvringClient } from "@kvring/client";
import { writeFixtureRepository } from "@kvring/models";
import { compileRing, evenSample, movement } from "@kvring/ring";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Load, question, type Seen } from "./elasticity-load.ts";

const questions = 400;
const replicas = 2;

let models: string;
let cluster: Processes;
let clients: KvringClient[];
let load: Load;
let bus: Bus;
let ring: RingRecord;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "kvring-models-"));
  await writeFixtureRepository(models, ["sum-difference"]);
  cluster = await startProcesses({
    gateways: 2,
    nodes: 3,
    workers: 1,
    models,
    // Every hit is one of a node.
    gatewayFlags: ["--near-cache", "0"],
  });
  bus = await connectNatsBus({ servers: cluster.nats.url, name: "elasticity" });
  await watchRing(bus.registry, (now) => {
    ring = now;
  });
  clients = cluster.gateways.map(({ addresses }) => new KvringClient(addresses["grpc"] ?? ""));
  await areActive("node-1", "node-2", "node-3");
  await askEverything();
  load = new Load(clients, questions, 8);
}, 120_000);

afterAll(async () => {
  await load?.stop();
  for (const client of clients ?? []) client.close();
  await bus?.close();
  await cluster?.stop();
  await rm(models, { recursive: true, force: true });
});

test("a fourth node takes over its share, and nothing is computed again", async () => {
  const before = ring;
  const seen = await during(async () => {
    await cluster.start("node", "--id", "node-4", "--listen", "127.0.0.1:0");
    await areActive("node-1", "node-2", "node-3", "node-4");
  });
  expect(seen.failures).toEqual([]);
  expect(seen.computed).toBe(0);
  const sample = evenSample(100_000);
  const moved = movement(compileRing(before), compileRing(ring), sample, 2);
  expect(moved.primariesMoved).toBeLessThanOrEqual(1 / 4 + 0.02);
  expect(moved.movedBetweenUnchanged).toBe(0);
});

test("a node that leaves gives away what it has, and no request fails", async () => {
  const seen = await during(async () => {
    expect(await cluster.nodes[0]?.stop()).toBe(0);
    await areActive("node-2", "node-3", "node-4");
  });
  expect(seen.failures).toEqual([]);
  expect(seen.computed).toBe(0);
});

test("two join at once while one leaves, and nobody who asks can tell", async () => {
  const seen = await during(async () => {
    const [, , left] = await Promise.all([
      ...["node-5", "node-6"].map((id) =>
        cluster.start("node", "--id", id, "--listen", "127.0.0.1:0"),
      ),
      cluster.nodes[2]?.stop(),
    ]);
    expect(left).toBe(0);
    await areActive("node-2", "node-4", "node-5", "node-6");
  });
  expect(seen.failures).toEqual([]);
  expect(seen.computed).toBe(0);
});

test("a node that is killed leaves the ring, and no request fails", async () => {
  const seen = await during(async () => {
    await cluster.nodes[1]?.kill();
    await areActive("node-4", "node-5", "node-6");
  });
  expect(seen.failures).toEqual([]);
  expect(seen.computed).toBe(0);
  const target = cluster.gateways[0]?.addresses["grpc"] ?? "";
  const shown = await promisify(execFile)(process.execPath, [
    ...[kvringScript, "ring", "--target", target],
  ]);
  expect(shown.stdout).not.toContain("node-2");
});

/** Until every answer is at all its owners: from then on, nothing has to be computed. */
async function askEverything(): Promise<void> {
  const [client] = clients;
  for (let number = 0; number < questions; number += 1) await client?.infer(question(number));
  await eventually(async () => {
    const entries = await Promise.all(
      cluster.nodes.map((node) => metric(node, "kvring_node_entries")),
    );
    const sum = entries.reduce((all, some) => all + some, 0);
    return sum === replicas * questions ? undefined : `${entries} entries are there`;
  });
}

/** What the load sees while something happens, and for a second after. */
async function during(happening: () => Promise<void>): Promise<Seen> {
  load.take();
  await happening();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const seen = load.take();
  expect(seen.requests).toBeGreaterThan(20);
  return seen;
}

async function areActive(...ids: readonly string[]): Promise<void> {
  const wanted = ids.map((id) => `${id} active`).join();
  await eventually(() => {
    const found = ring.members.map(({ id, state }) => `${id} ${state}`).join();
    return found === wanted ? undefined : `the ring is ${found}`;
  });
}
