import type { Tensor } from "@kvring/core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Computation, ModelArtifact } from "../api.ts";
import { servedModel } from "../testing/models.ts";
import {
  divideRowsModel,
  gatherRowsModel,
  identityModel,
  rowsTogetherModel,
  types,
} from "../testing/onnx.ts";
import { TemporaryRepository } from "../testing/repository.ts";
import { type ChildRuntime, createRuntime } from "./runtime.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let repository: TemporaryRepository;
let runtime: ChildRuntime;
beforeAll(async () => {
  repository = await TemporaryRepository.create();
  await repository.write("gather/1/model.onnx", gatherRowsModel());
  await repository.write("divide/1/model.onnx", divideRowsModel());
  await repository.write("together/1/model.onnx", rowsTogetherModel());
  await repository.write("plain/1/model.onnx", identityModel(types.float, ["n", "m"]));
  await repository.write("plain/config.json", '{ "batching": false }');
  runtime = await createRuntime();
});
afterAll(async () => {
  await runtime.close();
  await repository.remove();
});

async function checked(name: string): Promise<ModelArtifact> {
  const artifact = await servedModel(repository, name);
  await runtime.load(artifact);
  await runtime.checked(artifact.digest);
  return artifact;
}

function indices(...values: number[]): Tensor {
  const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { name: "i", datatype: "INT64", shape: [values.length], data };
}

function integers(...values: number[]): Tensor {
  const data = new Uint8Array(Int32Array.from(values).buffer);
  return { name: "x", datatype: "INT32", shape: [values.length], data };
}

function floatsOf({ outputs }: Computation): number[] {
  return [...new Float32Array(new Uint8Array(outputs[0]?.data ?? []).buffer)];
}

/** All at once; the first is under way before the others are there. */
function runAll(model: ModelArtifact, inputs: readonly Tensor[]) {
  return Promise.allSettled(inputs.map((input) => runtime.run(model.digest, [input], ["y"])));
}

test("jobs that wait run together, and each gets what is its own", async () => {
  const gather = await checked("gather");
  expect(runtime.appetite(gather.digest)).toBeGreaterThan(1);
  const jobs = Array.from({ length: 60 }, (_, at) =>
    [at % 10, (at * 7) % 10].slice(0, 1 + (at % 2)),
  );
  const ends = await runAll(
    gather,
    jobs.map((rows) => indices(...rows)),
  );
  let largest = 0;
  for (const [at, end] of ends.entries()) {
    if (end.status === "rejected") return expect.unreachable(String(end.reason));
    expect(end.value.outputs[0]?.shape).toEqual([jobs[at]?.length]);
    expect(floatsOf(end.value)).toEqual(jobs[at]?.map((index) => index * 1.5));
    largest = Math.max(largest, end.value.batchRows);
  }
  expect(largest).toBeGreaterThan(1);
});

test("a row that fails fails alone", async () => {
  const gather = await checked("gather");
  const ends = await runAll(
    gather,
    [1, 2, 99, 4, 5].map((index) => indices(index)),
  );
  expect(ends.map(({ status }) => status)).toEqual([
    ...["fulfilled", "fulfilled", "rejected", "fulfilled", "fulfilled"],
  ]);
  expect(ends[2]).toMatchObject({ reason: { reason: "MODEL_FAILED" } });
  expect(runtime.appetite(gather.digest)).toBeGreaterThan(1);
});

test("a row that kills the process fails alone", async () => {
  const divide = await checked("divide");
  expect(runtime.appetite(divide.digest)).toBeGreaterThan(1);
  const ends = await runAll(
    divide,
    [0, 1, -21, 3].map((x) => integers(x)),
  );
  expect(ends.map(({ status }) => status)).toEqual([
    ...["fulfilled", "fulfilled", "rejected", "fulfilled"],
  ]);
  expect(ends[2]).toMatchObject({ reason: { reason: "MODEL_CRASHED" } });
});

test("rows that depend on each other never meet", async () => {
  const together = await checked("together");
  expect(runtime.appetite(together.digest)).toBe(1);
  const row = (value: number): Tensor => {
    const data = new Uint8Array(Float32Array.of(value, 0, 0, 0).buffer);
    return { name: "x", datatype: "FP32", shape: [1, 4], data };
  };
  const ends = await runAll(together, [1, 2, 3, 4].map(row));
  expect(ends.map((end) => (end.status === "fulfilled" ? floatsOf(end.value)[1] : end))).toEqual([
    ...[-1, -2, -3, -4],
  ]);
});

test("a model whose config says so is not even tried", async () => {
  const plain = await checked("plain");
  expect(runtime.appetite(plain.digest)).toBe(1);
});

test("another config is another decision", async () => {
  const gather = await checked("gather");
  await runtime.load({ ...gather, config: { ...gather.config, batching: undefined } });
  await runtime.checked(gather.digest);
  expect(runtime.appetite(gather.digest)).toBe(1);
  await checked("gather");
  expect(runtime.appetite(gather.digest)).toBeGreaterThan(1);
});

test("models take turns: a flood of one does not keep another waiting", async () => {
  const [gather, plain] = [await checked("gather"), await checked("plain")];
  await runtime.load({ ...gather, config: { ...gather.config, batching: undefined } });
  await runtime.checked(gather.digest);
  let floodDone = 0;
  const flood = Array.from({ length: 200 }, async () => {
    await runtime.run(gather.digest, [indices(1)], ["y"]);
    floodDone += 1;
  });
  const x = new Uint8Array(Float32Array.of(5).buffer);
  const input: Tensor = { name: "x", datatype: "FP32", shape: [1, 1], data: x };
  await runtime.run(plain.digest, [input], ["y"]);
  expect(floodDone).toBeLessThan(10);
  await Promise.all(flood);
});
