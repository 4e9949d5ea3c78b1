/** What an operator or a client can get wrong, and what the cluster says to it. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { eventually, type Processes, startProcesses } from "@kvring/cli/testing";
import { KvringClient } from "@kvring/client";
import { writeFixtureRepository } from "@kvring/models";
import { decodeStatus, loadServices } from "@kvring/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runKvring } from "../protocol/support/program.ts";
import { question } from "./elasticity-load.ts";

let models: string;
let cluster: Processes;
let client: KvringClient;
let target: string;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "kvring-models-"));
  await writeFixtureRepository(models, ["sum-difference", "bfloat16-input"]);
  await mkdir(join(models, "broken", "7"), { recursive: true });
  await writeFile(join(models, "broken", "7", "model.onnx"), "this is no model");
  // Three copies are wanted, and one node is there.
  const replicas = ["--replicas", "3"];
  cluster = await startProcesses({
    ...{ gateways: 1, nodes: 1, workers: 1, models },
    ...{ gatewayFlags: [...replicas, "--lease", "1s"], nodeFlags: replicas },
  });
  target = cluster.gateways[0]?.addresses["grpc"] ?? "";
  client = new KvringClient(target);
}, 60_000);

afterAll(async () => {
  client?.close();
  await cluster?.stop();
  await rm(models, { recursive: true, force: true });
});

async function ringOf(): Promise<{ version: number; nodes: Record<string, unknown>[] }> {
  const { code, stdout } = await runKvring(["ring", "--json", "--target", target]);
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

test("more copies than nodes: there is one on each, and the ring says so", async () => {
  expect((await client.infer(question(1))).cacheStatus).toBe("kvring; fwd=miss; stored");
  expect((await client.infer(question(1))).cacheStatus).toMatch(/; hit; /);
  const { code, stdout } = await runKvring(["ring", "--target", target]);
  expect(code).toBe(0);
  expect(stdout).toContain("3 replicas, of which 1 node can hold copies");
});

test("the ring shows the state of a node, and the version it goes by", async () => {
  const { version, nodes } = await ringOf();
  expect(nodes).toEqual([
    expect.objectContaining({
      ...{ id: "node-1", state: "active", reachable: true, ring_version: version },
    }),
  ]);
});

test("a second node under an id that is taken ends with one clear error, and the first goes on", async () => {
  const before = await ringOf();
  const second = await runKvring([
    ...["node", "--id", "node-1", "--listen", "127.0.0.1:0", "--log-level", "error"],
    ...["--nats", cluster.nats.url],
  ]);
  expect(second).toMatchObject({ code: 1, stdout: "" });
  const last = second.stderr.trimEnd().split("\n").at(-1);
  expect(last).toMatch(
    /^kvring: another live node is called "node-1", at 127\.0\.0\.1:\d+: give this one another --id \(DUPLICATE_NODE\)$/,
  );
  expect(await ringOf()).toEqual(before);
  expect((await client.infer(question(1))).cacheStatus).toMatch(/; hit; /);
});

test("a model that no worker can serve is named with the reason, in stats and in NOT_FOUND", async () => {
  let refused: Record<string, string>[] = [];
  await eventually(async () => {
    const { stdout } = await runKvring(["stats", "--json", "--target", target]);
    refused = JSON.parse(stdout).refused;
    return refused.length >= 2 ? undefined : `refused are ${stdout}`;
  });
  expect(refused).toMatchObject([
    { model: "bfloat16-input", version: "1", reason: expect.stringMatching(/bfloat16/i) },
    { model: "broken", version: "7", reason: expect.stringMatching(/./) },
  ]);
  const text = await runKvring(["stats", "--target", target]);
  for (const { worker, model, version, reason } of refused) {
    const what = `${model} version ${version}: ${reason} (worker ${worker})`;
    expect(text.stdout).toContain(`not served: ${what}`);
    await expect(client.infer({ model: model ?? "", inputs: [] })).rejects.toMatchObject({
      reason: "MODEL_NOT_FOUND",
      message: `model "${model}" version ${version} is not served: ${reason} (worker ${worker})`,
    });
  }
});

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ["none", {}, "no scope is given: say all, model, version, tag or key"],
  ["one that this release does not know", { unknown: "x" }, "no scope is given"],
  ["all, but not meant", { all: false }, "scope all must be true"],
  ["a model without a name", { model: "" }, "scope model is empty"],
])("an invalidation with %s as its scope is refused", async (_, request, why) => {
  const { InferenceService } = loadServices().kvring.v1;
  const raw = new InferenceService(target, credentials.createInsecure());
  const error = await new Promise((resolve) => {
    raw.Invalidate(request, (failure) => resolve(decodeStatus(failure ?? {})));
  });
  raw.close();
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT", reason: "BAD_PARAMETER" });
  expect(error).toMatchObject({ message: expect.stringContaining(why) });
});

test("what nobody knows can be invalidated again and again", async () => {
  const scope = { kind: "version", model: "never-heard-of", version: "3" } as const;
  const first = await client.invalidate(scope);
  const second = await client.invalidate(scope);
  expect([first.known, second.known]).toEqual([false, false]);
  expect(second.sequence).toBeGreaterThan(first.sequence);
});

test("a version is invalidated from the command line", async () => {
  const flags = ["--model", "sum-difference", "--version", "1", "--json", "--target", target];
  const { code, stdout } = await runKvring(["invalidate", ...flags]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ known: true, gateways: 1 });
  expect((await client.infer(question(1))).cacheStatus).toBe("kvring; fwd=miss; stored");
});

test.each([
  ["two things", ["--all", "--model", "m"]],
  ["a version of no model", ["--version", "1"]],
])("the command line refuses to invalidate %s", async (_, flags) => {
  const { code, stdout, stderr } = await runKvring(["invalidate", "--target", target, ...flags]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^kvring: .*--key.*\(BAD_CONFIG\)\n$/);
});
