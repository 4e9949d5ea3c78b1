/**
 * A model file that changes invalidates by itself: another digest is another key. Two workers on one
 * repository, two gateways whose near caches are warm.
 */
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { eventually, type Processes, startProcesses } from "@kvring/cli/testing";
import { KvringClient } from "@kvring/client";
import { addModel } from "@kvring/models";
import { type ClusterDescription, loadServices } from "@kvring/wire";
import { afterAll, beforeAll, expect, test } from "vitest";

const questions = 20;

let models: string;
let cluster: Processes;
let clients: KvringClient[];

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "kvring-models-"));
  await mkdir(join(models, "add", "1"), { recursive: true });
  await writeModel(1);
  cluster = await startProcesses({ gateways: 2, nodes: 2, workers: 2, models });
  clients = cluster.gateways.map(({ addresses }) => new KvringClient(addresses["grpc"] ?? ""));
}, 60_000);

afterAll(async () => {
  for (const client of clients ?? []) client.close();
  await cluster?.stop();
  await rm(models, { recursive: true, force: true });
});

/** As a careful operator does: whole, under its name at once. */
async function writeModel(addend: number): Promise<void> {
  await writeFile(join(models, "next.onnx"), addModel(addend));
  await rename(join(models, "next.onnx"), join(models, "add", "1", "model.onnx"));
}

test.each([
  [1, 100],
  [100, 7],
  // Back to bytes that the caches still hold.
  [7, 100],
])("x + %d becomes x + %d, for everybody at once who knows of it", async (before, after) => {
  for (let round = 0; round < 3; round += 1) {
    for (const client of clients) expect(await addends(client)).toEqual(new Set([before]));
  }
  const digest = (await describeAt(0)).models[0]?.digest;
  await writeModel(after);
  await Promise.all(clients.map((client, gateway) => follow(client, gateway, digest, after)));
  for (const client of clients) expect(await addends(client)).toEqual(new Set([after]));
});

/** Asks all the while; from the moment at which this gateway knows, nothing old is given. */
async function follow(
  client: KvringClient,
  gateway: number,
  oldDigest: string | undefined,
  after: number,
): Promise<void> {
  let hasChanged = false;
  await eventually(async () => {
    const isKnown = (await describeAt(gateway)).models.every(({ digest }) => digest !== oldDigest);
    const seen = await addends(client);
    if (hasChanged || isKnown) expect(seen).toEqual(new Set([after]));
    // Once anybody was given the new one, the old one is over there.
    hasChanged ||= seen.has(after) || isKnown;
    return hasChanged ? undefined : "the old digest is still active";
  });
}

/** What the model adds by its answers to all questions, asked one after the other. */
async function addends(client: KvringClient): Promise<Set<number>> {
  const seen = new Set<number>();
  for (let x = 0; x < questions; x += 1) {
    const data = Buffer.from(Float32Array.of(x).buffer);
    const input = { name: "x", datatype: "FP32", shape: [1], data } as const;
    const [output] = (await client.infer({ model: "add", inputs: [input] })).outputs;
    seen.add(Buffer.from(output?.data ?? []).readFloatLE(0) - x);
  }
  return seen;
}

function describeAt(gateway: number): Promise<ClusterDescription> {
  const address = cluster.gateways[gateway]?.addresses["grpc"] ?? "";
  const { ClusterService } = loadServices().kvring.v1;
  const client = new ClusterService(address, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    client.Describe({}, (error, description) => {
      client.close();
      if (description !== undefined) resolve(description);
      else reject(error ?? new Error("no description"));
    });
  });
}
