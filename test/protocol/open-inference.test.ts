/** What a client of the Open Inference Protocol asks, and what it is answered. */
import { cp } from "node:fs/promises";
import { loadDigits, shippedRepository } from "@kvring/models";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectBalance, readAccounts, sum } from "./support/accounting.ts";
import { type Cluster, startCluster } from "./support/cluster.ts";
import {
  cacheStatus,
  fromNode,
  type InferRequest,
  type InferResponse,
  type PlainClient,
  stored,
} from "./support/plain-client.ts";
import { rawCall } from "./support/raw-call.ts";
import { refusalOf } from "./support/refusal.ts";
import {
  float32s,
  freshRequest,
  parameters,
  rawRequest,
  readFloat32s,
  readInt32s,
  sumInputs,
  sumRequest,
} from "./support/requests.ts";

let cluster: Cluster;
let client: PlainClient;

beforeAll(async () => {
  cluster = await startCluster(["sum-difference", "dynamic-batch", "versioned"], {
    prepare: (models) => cp(shippedRepository, models, { recursive: true }),
  });
  client = cluster.client;
}, 60_000);

afterAll(() => cluster?.stop());

const values = (answer: InferResponse): Record<string, number[]> =>
  Object.fromEntries(
    answer.outputs.map(({ name }, index) => [name, readInt32s(answer.raw_output_contents[index])]),
  );

const sixteen = (value: number): number[] => new Array<number>(16).fill(value);

test("the first request after the ready line is remembered", async () => {
  const request = freshRequest();
  expect(cacheStatus(await client.infer(request))).toBe(stored);
  expect(cacheStatus(await client.infer(request))).toMatch(fromNode);
});

describe("the server", () => {
  test("is live and ready", async () => {
    expect(await client.call("ServerLive", {})).toEqual({ live: true });
    expect(await client.call("ServerReady", {})).toEqual({ ready: true });
  });

  test("says who it is", async () => {
    expect(await client.call("ServerMetadata", {})).toMatchObject({
      name: "kvring",
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  });

  test("refuses what it does not know by UNIMPLEMENTED", async () => {
    const reply = await rawCall(cluster.grpc, "/inference.GRPCInferenceService/Dance", Buffer.of());
    expect(reply.status).toBe(12);
  });
});

describe("a model", () => {
  test.each([
    ["mnist", "", true],
    ["mnist", "1", true],
    ["mnist", "2", false],
    ["versioned", "2", true],
    ["nobody", "", false],
    ["", "", false],
  ])("%j in version %j is ready: %j", async (name, version, ready) => {
    expect(await client.call("ModelReady", { name, version })).toEqual({ ready });
  });

  test("is described with its tensors", async () => {
    expect(await client.call("ModelMetadata", { name: "sum-difference" })).toMatchObject({
      name: "sum-difference",
      versions: ["1"],
      platform: expect.stringMatching(/onnx/i),
      inputs: [
        { name: "a", datatype: "INT32", shape: ["1", "16"] },
        { name: "b", datatype: "INT32", shape: ["1", "16"] },
      ],
      outputs: [
        { name: "sum", datatype: "INT32", shape: ["1", "16"] },
        { name: "difference", datatype: "INT32", shape: ["1", "16"] },
      ],
    });
  });

  test("is described with −1 where any size goes, and with all its versions", async () => {
    expect(await client.call("ModelMetadata", { name: "dynamic-batch" })).toMatchObject({
      inputs: [{ name: "x", datatype: "FP32", shape: ["-1", "4"] }],
      outputs: [{ name: "y", datatype: "FP32", shape: ["-1", "3"] }],
    });
    const { versions } = (await client.call("ModelMetadata", { name: "versioned" })) as {
      versions: string[];
    };
    expect(versions.toSorted()).toEqual(["1", "2"]);
  });

  test.each([
    ["nobody", ""],
    ["mnist", "7"],
  ])("%j %j is unknown: NOT_FOUND, by name", async (name, version) => {
    const refusal = await refusalOf(client.call("ModelMetadata", { name, version }));
    expect(refusal).toMatchObject({ code: "NOT_FOUND", reason: "MODEL_NOT_FOUND" });
    expect(refusal.message).toContain(name);
    expect(refusal.message).toContain(version);
  });
});

describe("an answer", () => {
  test("holds what the model computes, its name and version, and the request's id", async () => {
    const answer = await client.infer(sumRequest(40, 2, { id: "first" }));
    expect(answer).toMatchObject({ model_name: "sum-difference", model_version: "1", id: "first" });
    expect(answer.outputs).toMatchObject([
      { name: "sum", datatype: "INT32", shape: ["1", "16"] },
      { name: "difference", datatype: "INT32", shape: ["1", "16"] },
    ]);
    expect(values(answer)).toEqual({ sum: sixteen(42), difference: sixteen(38) });
  });

  test("echoes each request's own id, also from memory, and none where there is none", async () => {
    const request = freshRequest();
    for (const id of ["one", "", "thrèe", "one"]) {
      expect((await client.infer({ ...request, id })).id).toBe(id);
    }
  });

  test("is the same through kvring.v1.InferenceService, out of the same memory", async () => {
    const request = freshRequest({ id: "x" });
    const [computed, remembered] = [await client.kvringInfer(request), await client.infer(request)];
    expect(cacheStatus(computed)).toBe(stored);
    expect(cacheStatus(remembered)).toMatch(fromNode);
    const bare = ({ parameters: _, ...answer }: InferResponse) => answer;
    expect(bare(remembered)).toEqual(bare(computed));
  });

  test("comes from the version asked for, and from the newest when none is", async () => {
    const request = rawRequest("versioned", [float32s("x", [0.5, 7])]);
    const of = async (version?: string) => {
      const answer = await client.infer({ ...request, ...(version && { model_version: version }) });
      return [answer.model_version, readFloat32s(answer.raw_output_contents[0])];
    };
    expect(await of("1")).toEqual(["1", [1.5, 8]]);
    expect(await of("2")).toEqual(["2", [2.5, 9]]);
    expect(await of()).toEqual(["2", [2.5, 9]]);
    // From memory now.
    expect(await of("1")).toEqual(["1", [1.5, 8]]);
  });

  test("has the outputs that were asked for, in that order, computed and remembered", async () => {
    const fresh = sumRequest(50, 8);
    const expected = { sum: sixteen(58), difference: sixteen(42) };
    for (const names of [["difference", "sum"], ["difference"], ["sum"]] as const) {
      const request = { ...fresh, outputs: names.map((name) => ({ name })) };
      for (const status of [stored, fromNode]) {
        const answer = await client.infer(request);
        expect(cacheStatus(answer)).toMatch(status);
        expect(answer.outputs.map(({ name }) => name)).toEqual(names);
        expect(values(answer)).toEqual(
          Object.fromEntries(names.map((name) => [name, expected[name]])),
        );
      }
    }
  });

  test("reads real digits", { timeout: 60_000 }, async () => {
    const digits = loadDigits().test.slice(0, 300);
    const images = digits.map(({ pixels }) => [...pixels].map((grey) => grey / 255));
    const scoresOf = async (some: number[][]): Promise<number[]> => {
      const image = float32s("image", some.flat(), [some.length, 1, 28, 28]);
      const answer = await client.infer(rawRequest("mnist", [image]));
      expect(answer.outputs[0]?.shape).toEqual([String(some.length), "10"]);
      return readFloat32s(answer.raw_output_contents[0]);
    };
    const scores = await scoresOf(images);
    const read = digits.map((_, index) => {
      const own = scores.slice(10 * index, 10 * index + 10);
      return own.indexOf(Math.max(...own));
    });
    const right = digits.filter(({ label }, index) => read[index] === label).length;
    expect(right / digits.length).toBeGreaterThanOrEqual(0.95);
    // One alone is judged as in the batch, but for rounding.
    const alone = await scoresOf(images.slice(0, 1));
    for (const [index, score] of alone.entries()) expect(score).toBeCloseTo(scores[index] ?? 0, 3);
  });
});

describe("what is the same request", () => {
  const [a, b] = sumInputs(70, 3);
  const base = rawRequest("sum-difference", [a, b]);
  const typed: InferRequest = {
    model_name: "sum-difference",
    inputs: [a, b].map(({ name, datatype, shape }, index) => {
      return { name, datatype, shape, contents: { int_contents: sixteen([70, 3][index] ?? 0) } };
    }),
  };

  beforeAll(async () => {
    expect(cacheStatus(await client.infer(base))).toBe(stored);
  });

  test.each<[string, InferRequest]>([
    ["another id", { ...base, id: "another" }],
    ["the other order of inputs", rawRequest("sum-difference", [b, a])],
    ["typed tensors", typed],
    ["typed tensors, in the other order", { ...typed, inputs: typed.inputs?.toReversed() ?? [] }],
    ["the version that would be chosen anyway", { ...base, model_version: "1" }],
    ["all outputs by name", { ...base, outputs: [{ name: "sum" }, { name: "difference" }] }],
    [
      "parameters that change no answer",
      {
        ...base,
        parameters: parameters({ priority: 3, timeout: 5_000_000, cache_tags: "x", headers: "h" }),
      },
    ],
  ])("%s: answered from memory, with the same bytes", async (_, request) => {
    const answer = await client.infer(request);
    expect(cacheStatus(answer)).toMatch(/^kvring; hit; /);
    expect(values(answer)).toEqual({ sum: sixteen(73), difference: sixteen(67) });
  });

  test.each<[string, InferRequest]>([
    ["another value", sumRequest(71, 3)],
    ["inputs exchanged", sumRequest(3, 70)],
    ["fewer outputs", { ...base, outputs: [{ name: "sum" }] }],
    ["a parameter that the model may heed", { ...base, parameters: parameters({ seed: 1 }) }],
    ["that parameter as text", { ...base, parameters: parameters({ seed: "1" }) }],
  ])("%s: another request", async (_, request) => {
    expect(cacheStatus(await client.infer(request))).toBe(stored);
  });

  test("a sequence cannot be remembered, so it is refused", async () => {
    const request = freshRequest({ parameters: parameters({ sequence_id: 7 }) });
    const refusal = await refusalOf(client.infer(request));
    expect(refusal).toMatchObject({ code: "UNIMPLEMENTED", reason: "UNSUPPORTED_PARAMETER" });
    expect(refusal.message).toContain("sequence_id");
  });
});

test("each request is counted once, by its outcome", async () => {
  const before = await readAccounts(cluster.http);
  const request = freshRequest();
  for (let round = 0; round < 4; round += 1) await client.infer(request);
  await client.infer({ ...request, parameters: parameters({ cache_control: "no-store" }) });
  await refusalOf(client.infer({ ...request, outputs: [{ name: "quotient" }] }));
  const after = await expectBalance(cluster.http);
  const grown = (outcome: string): number =>
    (after.answers.get("sum-difference")?.get(outcome) ?? 0) -
    (before.answers.get("sum-difference")?.get(outcome) ?? 0);
  expect(["miss", "hit_node", "hit_l1", "bypass", "error"].map(grown)).toEqual([1, 1, 2, 1, 1]);
  expect(sum(after.requests.values()) - sum(before.requests.values())).toBe(6);
});
