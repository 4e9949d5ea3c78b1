/**
 * What becomes of answers past their lives, over real processes: two gateways, two nodes, a worker.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, metric, type Processes, startProcesses } from "@kvring/cli/testing";
import { type Answer, KvringClient } from "@kvring/client";
import type { LifeRules, Parameter, Tensor } from "@kvring/core";
import { defaultBurn, writeFixtureRepository } from "@kvring/models";
import { afterAll, beforeAll, expect, test } from "vitest";

const hour = 3_600_000;

/** By model; `sum-difference` has none. */
const rules: Readonly<Record<string, LifeRules>> = {
  burn: { ttlMs: hour, staleWhileRevalidateMs: hour },
  "fails-at-run": { negativeTtlMs: hour },
  versioned: { activity: { asks: 3, inactiveTtlMs: 0 } },
};

let models: string;
let cluster: Processes;
let clients: readonly [KvringClient, KvringClient];
let question = 0;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "kvring-models-"));
  await writeFixtureRepository(models, ["burn", "sum-difference", "fails-at-run", "versioned"]);
  for (const [model, rule] of Object.entries(rules)) {
    await writeFile(join(models, model, "config.json"), JSON.stringify(rule));
  }
  cluster = await startProcesses({
    ...{ gateways: 2, nodes: 2, workers: 1, models },
    // The first invalidations wait for leases of a log before this one.
    gatewayFlags: ["--lease", "1s"],
  });
  const [first, second] = cluster.gateways.map(
    ({ addresses }) => new KvringClient(addresses["grpc"] ?? ""),
  );
  if (first === undefined || second === undefined) throw new Error("two gateways were started");
  clients = [first, second];
}, 180_000);

afterAll(async () => {
  for (const client of clients ?? []) client.close();
  await cluster?.stop();
  await rm(models, { recursive: true, force: true });
});

test("one that expired is given at once through either gateway, and refreshed once", async () => {
  const request = burn();
  const computed = await clients[0].infer(living(request, 300));
  await hasExpired(request);
  const before = await computations();
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) => clients[index % 2 === 0 ? 0 : 1].infer(request)),
  );
  for (const { outputs, cacheStatus } of answers) {
    expect(outputs).toEqual(computed.outputs);
    expect(cacheStatus).toMatch(/^kvring; hit; ttl=/);
  }
  expect(answers[0]?.cacheStatus).toMatch(/^kvring; hit; ttl=-\d+; detail=stale$/);
  await eventually(async () => {
    const { cacheStatus } = await clients[0].infer(request);
    return cacheStatus.includes("stale") ? cacheStatus : undefined;
  });
  for (const client of clients) {
    expect((await client.infer(request)).cacheStatus).toMatch(/^kvring; hit; ttl=3[56]\d\d; /);
  }
  expect((await computations()) - before).toBe(1);
  const [given, counted] = await Promise.all([
    sumOf("kvring_gateway_answers_total", /outcome="stale"/),
    sumOf("kvring_gateway_request_seconds_count", /outcome="stale"/),
  ]);
  expect(given).toBe(counted);
  expect(given).toBeGreaterThan(0);
});

test("one that was invalidated is given to nobody, whatever it takes", async () => {
  const request = burn();
  await clients[0].infer(living(request, 300));
  await hasExpired(request);
  await clients[0].invalidate({ kind: "model", model: "burn" });
  for (const client of clients) {
    await expect(client.infer(saying(request, "only-if-cached, max-stale=3600"))).rejects.toThrow(
      expect.objectContaining({ reason: "NOT_CACHED" }),
    );
  }
  const { cacheStatus } = await clients[1].infer(saying(request, "max-stale=3600"));
  expect(cacheStatus).toBe("kvring; fwd=miss; stored");
});

test("max-stale takes what expired, and nothing is computed for it", async () => {
  const request = { model: "sum-difference", inputs: [ints("a"), ints("b")] };
  const computed = await clients[0].infer(living(request, 300));
  await hasExpired(request);
  const before = await computations();
  for (const client of clients) {
    const stale = await client.infer(saying(request, "max-stale=3600"));
    expect(stale.cacheStatus).toMatch(/^kvring; hit; ttl=-\d+; detail=stale$/);
    expect(stale.outputs).toEqual(computed.outputs);
  }
  expect(await computations()).toBe(before);
  expect((await clients[0].infer(request)).cacheStatus).toBe("kvring; fwd=miss; stored");
});

test("what a model says of an input is remembered where its owner wants it, until it is invalidated", async () => {
  const index = Buffer.alloc(8);
  index.writeBigInt64LE(9n);
  const inputs: Tensor[] = [{ name: "index", datatype: "INT64", shape: [1], data: index }];
  const request = { model: "fails-at-run", inputs };
  const failures = () => sumOf("kvring_worker_failed_jobs_total", /MODEL_FAILED/);
  const refused = async (client: KvringClient, control = ""): Promise<string> => {
    const refusal = await client.infer(saying(request, control)).then(unexpected, (error) => error);
    expect(refusal).toMatchObject({ reason: "MODEL_FAILED" });
    return String(refusal.message);
  };
  expect(await refused(clients[0])).not.toContain("remembered");
  for (const client of clients) expect(await refused(client)).toContain("remembered");
  expect(await failures()).toBe(1);
  expect(await refused(clients[1], "no-cache")).not.toContain("remembered");
  expect(await failures()).toBe(2);
  await clients[0].invalidate({ kind: "model", model: "fails-at-run" });
  expect(await refused(clients[1])).not.toContain("remembered");
  expect(await failures()).toBe(3);
});

test("what few ask for is not kept, until more do, through whichever gateway", async () => {
  const x: Tensor = { name: "x", datatype: "FP32", shape: [4], data: Buffer.alloc(16) };
  const request = { model: "versioned", inputs: [x] };
  const statuses: string[] = [];
  for (const client of [...clients, ...clients]) {
    statuses.push((await client.infer(request)).cacheStatus);
  }
  expect(statuses).toEqual([
    "kvring; fwd=miss",
    "kvring; fwd=miss",
    "kvring; fwd=miss; stored",
    expect.stringMatching(/^kvring; hit; /),
  ]);
});

test("every request is accounted for", async () => {
  const requests = await sumOf("kvring_gateway_requests_total");
  expect(requests).toBeGreaterThan(200);
  expect(await sumOf("kvring_gateway_answers_total")).toBe(requests);
});

type Request = Parameters<KvringClient["infer"]>[0];

const saying = (request: Request, control: string): Request => ({
  ...request,
  parameters: control === "" ? [] : [text("cache_control", control)],
});

const living = (request: Request, ttlMs: number): Request => ({
  ...request,
  parameters: [text("cache_ttl_ms", String(ttlMs))],
});

const text = (name: string, value: string): Parameter => ({ name, kind: "string", value });

/** Until nothing fresh is left; asking so computes nothing, and refreshes nothing. */
async function hasExpired(request: Request): Promise<void> {
  const fresh = saying(request, "only-if-cached, max-age=86400");
  await eventually(() =>
    clients[0].infer(fresh).then(
      ({ cacheStatus }) => `still fresh: ${cacheStatus}`,
      () => undefined,
    ),
  );
}

const unexpected = (answer: Answer): never => {
  throw new Error(`answered: ${answer.cacheStatus}`);
};

const computations = (): Promise<number> => sumOf("kvring_worker_computations_total");

async function sumOf(name: string, labels?: RegExp): Promise<number> {
  const all = [...cluster.gateways, ...cluster.workers];
  const values = await Promise.all(all.map((server) => metric(server, name, labels)));
  return values.reduce((sum, value) => sum + value, 0);
}

function burn(): Request {
  question += 1;
  const data = Buffer.alloc(defaultBurn.size * 4);
  for (let at = 0; at < data.length; at += 4) data.writeFloatLE(question / 7, at);
  const inputs: Tensor[] = [{ name: "x", datatype: "FP32", shape: [1, defaultBurn.size], data }];
  return { model: "burn", inputs };
}

function ints(name: string): Tensor {
  const data = Buffer.alloc(64);
  for (let at = 0; at < data.length; at += 4) data.writeInt32LE(at, at);
  return { name, datatype: "INT32", shape: [1, 16], data };
}
