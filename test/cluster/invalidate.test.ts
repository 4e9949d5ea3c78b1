/**
 * The promise over real processes: after an invalidation has returned OK, no gateway gives anything
 * computed before it, however warm its near cache is, and however long it was away.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { becomesReady, metric, type Processes, startProcesses } from "@kvring/cli/testing";
import { KvringClient } from "@kvring/client";
import type { Parameter, Scope, Tensor } from "@kvring/core";
import { writeFixtureRepository } from "@kvring/models";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

const leaseMs = 2_000;

let models: string;
let cluster: Processes;
let clients: [KvringClient, KvringClient];
let question = 0;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "kvring-models-"));
  await writeFixtureRepository(models, ["sum-difference", "versioned"]);
  cluster = await startProcesses({
    gateways: 2,
    nodes: 2,
    workers: 1,
    models,
    gatewayFlags: ["--lease", `${leaseMs}ms`],
  });
  const [first, second] = cluster.gateways.map(
    ({ addresses }) => new KvringClient(addresses["grpc"] ?? ""),
  );
  if (first === undefined || second === undefined) throw new Error("two gateways were started");
  clients = [first, second];
}, 60_000);

afterAll(async () => {
  for (const client of clients ?? []) client.close();
  await cluster?.stop();
  await rm(models, { recursive: true, force: true });
});

beforeEach(() => {
  question += 1;
});

test.each<[string, Scope, Parameter[]]>([
  ["all", { kind: "all" }, []],
  ["a model", { kind: "model", model: "sum-difference" }, []],
  ["a version", { kind: "version", model: "sum-difference", version: "1" }, []],
  [
    "a tag",
    { kind: "tag", tenant: "", tag: "customer-7" },
    [{ name: "cache_tags", kind: "string", value: "customer-7, vip" }],
  ],
])("invalidating %s reaches the near caches of all gateways", async (_, scope, parameters) => {
  await warm(parameters);
  const result = await clients[0].invalidate(scope);
  expect(result).toMatchObject({ gateways: 2, known: true });
  expect(await status(1, parameters)).toMatch(/fwd=miss/);
  expect(await status(0, parameters)).not.toMatch(/fwd=miss; stored/);
});

test("invalidating a key leaves its neighbours alone", async () => {
  await warm([]);
  const debug: Parameter = { name: "cache_debug", kind: "bool", value: true };
  const answer = await ask(0, [debug]);
  const hex = answer.parameters.get("cache_debug_key");
  const key = Buffer.from(hex?.kind === "string" ? hex.value : "", "hex");
  question += 1;
  await warm([]);
  await clients[1].invalidate({ kind: "key", key });
  expect(await status(0, [])).toMatch(/detail=l1/);
  question -= 1;
  expect(await status(0, [])).toMatch(/fwd=miss/);
});

test("other models, versions and tags stay", async () => {
  await warm([]);
  await clients[0].invalidate({ kind: "model", model: "versioned" });
  await clients[0].invalidate({ kind: "version", model: "sum-difference", version: "2" });
  await clients[0].invalidate({ kind: "tag", tenant: "", tag: "somebody-else" });
  expect(await status(0, [])).toMatch(/detail=l1/);
});

test("a model that nobody knows: OK, and said", async () => {
  const result = await clients[0].invalidate({ kind: "model", model: "never-heard-of" });
  expect(result.known).toBe(false);
  expect(result.sequence).toBeGreaterThan(0);
});

test.each<[string, Scope, string]>([
  ["a malformed tag", { kind: "tag", tenant: "", tag: "a\u0007b" }, "BAD_TAG"],
  ["two tags", { kind: "tag", tenant: "", tag: "a,b" }, "BAD_TAG"],
  ["a short key", { kind: "key", key: Buffer.alloc(5) }, "BAD_PARAMETER"],
  ["a version that is none", { kind: "version", model: "m", version: "x" }, "BAD_PARAMETER"],
])("%s is refused by name", async (_, scope, reason) => {
  await expect(clients[0].invalidate(scope)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    reason,
  });
});

test("a gateway that is paused holds an invalidation up for D at most, and is not stale after", async () => {
  await warm([]);
  const [, paused] = cluster.gateways;
  if (paused === undefined) throw new Error("two gateways were started");
  paused.signal("SIGSTOP");
  try {
    const result = await clients[0].invalidate({ kind: "all" });
    expect(result).toMatchObject({ gateways: 2, acknowledged: 1 });
  } finally {
    paused.signal("SIGCONT");
  }
  // Its near cache still has the old entry, and its lease has run out.
  expect(await status(1, [])).toMatch(/fwd=miss/);
});

test("a gateway that died is taken out of the roster, and then holds nothing up", async () => {
  const extra = await cluster.start(
    ...["gateway", "--name", "gateway-3", "--listen", "127.0.0.1:0", "--lease", "2s"],
  );
  await becomesReady(extra, 2);
  await extra.kill();
  const during = await clients[0].invalidate({ kind: "all" }, { timeoutMs: 30_000 });
  expect(during).toMatchObject({ gateways: 3, acknowledged: 2 });
  let gateways = 3;
  while (gateways > 2) {
    gateways = (await clients[0].invalidate({ kind: "all" }, { timeoutMs: 30_000 })).gateways;
  }
  const after = await clients[1].invalidate({ kind: "all" });
  expect(after).toMatchObject({ gateways: 2, acknowledged: 2 });
  expect(await metric(cluster.gateways[0] ?? extra, "kvring_gateway_roster_size")).toBe(2);
});

/** Asks until both near caches have the answer. */
async function warm(parameters: Parameter[]): Promise<void> {
  for (const gateway of [0, 1] as const) {
    for (let round = 0; round < 3; round += 1) await ask(gateway, parameters);
    expect(await status(gateway, parameters)).toMatch(/detail=l1/);
  }
}

function ask(gateway: 0 | 1, parameters: Parameter[]) {
  const inputs = [ints("a", question), ints("b", 1)];
  return clients[gateway].infer({ model: "sum-difference", inputs, parameters });
}

async function status(gateway: 0 | 1, parameters: Parameter[]): Promise<string> {
  return (await ask(gateway, parameters)).cacheStatus;
}

function ints(name: string, value: number): Tensor {
  const data = Buffer.alloc(64);
  for (let at = 0; at < data.length; at += 4) data.writeInt32LE(value, at);
  return { name, datatype: "INT32", shape: [1, 16], data };
}
