/** A model whose config names its eviction policy, on a node with another, over real processes. */
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Processes, startProcesses } from "@kvring/cli/testing";
import { KvringClient } from "@kvring/client";
import { KvringError, type Tensor } from "@kvring/core";
import { writeFixtureRepository } from "@kvring/models";
import { afterAll, beforeAll, expect, test } from "vitest";

const popular = Array.from({ length: 10 }, (_, question) => question);
const scanned = Array.from({ length: 300 }, (_, question) => 1_000 + question);

let models: string;
let cluster: Processes;
let client: KvringClient;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "kvring-models-"));
  await writeFixtureRepository(models, ["identity-uint8"]);
  await cp(join(models, "identity-uint8"), join(models, "hinted"), { recursive: true });
  await writeFile(join(models, "hinted", "config.json"), JSON.stringify({ policy: "lfu" }));
  cluster = await startProcesses({
    ...{ gateways: 1, nodes: 1, workers: 1, models },
    gatewayFlags: ["--near-cache", "0", "--replicas", "1"],
    // For about 240 answers.
    nodeFlags: ["--capacity", "1MiB", "--policy", "lru"],
  });
  client = new KvringClient(cluster.gateways[0]?.addresses["grpc"] ?? "");
}, 180_000);

afterAll(async () => {
  client?.close();
  await cluster?.stop();
  await rm(models, { recursive: true, force: true });
});

test("the owner's LFU keeps what a scan takes from the node's LRU", async () => {
  const both = ["identity-uint8", "hinted"];
  for (let round = 0; round < 4; round += 1) await askEach(popular, both);
  expect(await Promise.all(both.map(kept))).toEqual([popular.length, popular.length]);
  for (let at = 0; at < scanned.length; at += 10) await askEach(scanned.slice(at, at + 10), both);
  expect(await Promise.all(both.map(kept))).toEqual([0, popular.length]);
});

async function askEach(questions: readonly number[], asked: readonly string[]): Promise<void> {
  const asking = questions.flatMap((question) =>
    asked.map((model) => client.infer(of(model, question))),
  );
  await Promise.all(asking);
}

/** How many of the popular answers are remembered still. */
async function kept(model: string): Promise<number> {
  const control = { name: "cache_control", kind: "string", value: "only-if-cached" } as const;
  const found = popular.map((question) =>
    client.infer({ ...of(model, question), parameters: [control] }).then(
      () => 1,
      (error: unknown) => {
        if (KvringError.from(error).reason !== "NOT_CACHED") throw error;
        return 0;
      },
    ),
  );
  return (await Promise.all(found)).reduce((sum: number, one) => sum + one, 0);
}

function of(model: string, question: number): Parameters<KvringClient["infer"]>[0] {
  const data = Buffer.alloc(4096);
  data.writeInt32LE(question);
  const inputs: Tensor[] = [{ name: "input", datatype: "UINT8", shape: [4096], data }];
  return { model, inputs };
}
