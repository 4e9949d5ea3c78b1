import { createHash } from "node:crypto";
import { encodeStrings, type Tensor } from "@kvring/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ModelArtifact } from "../api.ts";
import { float64, floats, int64, servedModel } from "../testing/models.ts";
import {
  externalModel,
  gatherModel,
  identityModel,
  initializer,
  loopModel,
  model,
  node,
  types,
  value,
} from "../testing/onnx.ts";
import { TemporaryRepository } from "../testing/repository.ts";
import { type ChildRuntime, createRuntime } from "./runtime.ts";

vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

const datatypes = {
  bool: "BOOL",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
  float16: "FP16",
  float: "FP32",
  double: "FP64",
  string: "BYTES",
} as const;

let repository: TemporaryRepository;
let runtime: ChildRuntime;
beforeAll(async () => {
  repository = await TemporaryRepository.create();
  const starting = createRuntime();
  for (const name of Object.keys(datatypes) as (keyof typeof datatypes)[]) {
    const bytes = identityModel(types[name], ["a", "b"]);
    await repository.write(`${name}/1/model.onnx`, bytes);
  }
  await repository.write("scalar/1/model.onnx", identityModel(types.int64, []));
  await repository.write("gather/1/model.onnx", gatherModel());
  await repository.write("loop/1/model.onnx", loopModel());
  await repository.write("external/1/model.onnx", externalModel("deep/w.bin"));
  await repository.write("external/1/deep/w.bin", Buffer.from(Float32Array.of(10, 20).buffer));
  runtime = await starting;
});
afterAll(async () => {
  await runtime.close();
  await repository.remove();
});

async function loaded(name: string): Promise<ModelArtifact> {
  const artifact = await servedModel(repository, name);
  await runtime.load(artifact);
  return artifact;
}

async function outputOf(artifact: ModelArtifact, ...inputs: Tensor[]) {
  const { outputs } = await runtime.run(artifact.digest, inputs, ["y"]);
  return outputs[0];
}

function valuesOf(tensor: Tensor | undefined): number[] {
  const bytes = Uint8Array.from(tensor?.data ?? []);
  return [...new Float32Array(bytes.buffer)];
}

describe("what a model is given comes back bit for bit", () => {
  test.each(Object.entries(datatypes))("%s", async (name, datatype) => {
    const artifact = await loaded(name);
    const shape = fc.tuple(fc.nat(4), fc.nat(4));
    const seed = fc.nat();
    await fc.assert(
      fc.asyncProperty(shape, seed, async ([a, b], salt) => {
        const data = datatype === "BYTES" ? strings(a * b, salt) : noise(artifact, a * b, salt);
        const input = { name: "x", datatype, shape: [a, b], data };
        const output = await outputOf(artifact, input);
        expect(output).toMatchObject({ name: "y", datatype, shape: [a, b] });
        expect(Buffer.from(output?.data ?? [])).toEqual(Buffer.from(data));
      }),
      { numRuns: 15 },
    );
  });

  test("a scalar", async () => {
    const artifact = await loaded("scalar");
    const input = int64("x", 2n ** 53n + 1n);
    expect(await outputOf(artifact, input)).toEqual({ ...input, name: "y" });
  });

  test("megabytes", async () => {
    const artifact = await loaded("float");
    const data = new Uint8Array(8 * 1024 * 1024).fill(65);
    const input = { name: "x", datatype: "FP32" as const, shape: [1024, 2048], data };
    const output = await outputOf(artifact, input);
    expect(Buffer.compare(output?.data ?? data.subarray(1), data)).toBe(0);
  });
});

/** Every bit pattern is a value, so noise finds NaNs with payloads and −0 as well. */
function noise(artifact: ModelArtifact, count: number, salt: number): Uint8Array {
  const { datatype } = artifact.signature.inputs[0] ?? { datatype: "UINT8" };
  const size = { BOOL: 1, BYTES: 0, FP16: 2, FP32: 4, FP64: 8 } as Record<string, number>;
  const bytes = count * (size[datatype] ?? Number(datatype.replace(/\D+/, "")) / 8);
  const random = createHash("shake256", { outputLength: Math.max(1, bytes) }).update(`${salt}`);
  const data = random.digest().subarray(0, bytes);
  return datatype === "BOOL" ? data.map((byte) => byte & 1) : data;
}

function strings(count: number, salt: number): Uint8Array {
  return encodeStrings(Array.from({ length: count }, (_, i) => "𝄞ü\ufeff€".repeat((salt + i) % 3)));
}

describe("a computation", () => {
  test("gives the outputs in the order asked, and says how long it took", async () => {
    const bytes = model({
      input: [value("a", types.float, [1]), value("b", types.float, [1])],
      output: [value("sum", types.float, [1]), value("difference", types.float, [1])],
      node: [node("Add", ["a", "b"], ["sum"]), node("Sub", ["a", "b"], ["difference"])],
    });
    await repository.write("calculator/1/model.onnx", bytes);
    const { digest } = await loaded("calculator");
    const inputs = [floats("b", 2), floats("a", 5)];
    const both = await runtime.run(digest, inputs, ["difference", "sum"]);
    expect(both.outputs.map((tensor) => [tensor.name, ...valuesOf(tensor)])).toEqual([
      ["difference", 3],
      ["sum", 7],
    ]);
    expect(both.computeMs).toBeGreaterThan(0);
    const one = await runtime.run(digest, inputs, ["sum"]);
    expect(one.outputs.map(valuesOf)).toEqual([[7]]);
  });

  test("uses external data", async () => {
    const artifact = await loaded("external");
    expect(valuesOf(await outputOf(artifact, floats("x", 1, 2)))).toEqual([11, 22]);
  });

  test("that fails is the model's failure, and the next one works", async () => {
    const artifact = await loaded("gather");
    await expect(outputOf(artifact, int64("i", 9n))).rejects.toMatchObject({
      reason: "MODEL_FAILED",
      message: expect.stringMatching(/^model "gather" version 1 reported: .*out of data bounds/),
    });
    expect(valuesOf(await outputOf(artifact, int64("i", 1n)))).toEqual([2.5]);
  });

  test("whose answer is larger than any message may be is refused, and the next one works", async () => {
    const bytes = model({
      input: [value("n", types.int64, [1])],
      output: [value("y", types.float, ["n"])],
      node: [node("ConstantOfShape", ["n"], ["y"])],
    });
    await repository.write("zeros/1/model.onnx", bytes);
    const artifact = await loaded("zeros");
    const count = (n: bigint) => ({ ...int64("n", n), shape: [1] });
    await expect(outputOf(artifact, count(17_500_000n))).rejects.toMatchObject({
      reason: "MESSAGE_TOO_LARGE",
    });
    expect(valuesOf(await outputOf(artifact, count(2n)))).toEqual([0, 0]);
  });

  test("of many at once is answered each to its asker", async () => {
    const artifact = await loaded("gather");
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => outputOf(artifact, int64("i", BigInt(n % 3)))),
    );
    expect(answers.map((answer) => valuesOf(answer)[0])).toEqual(
      Array.from({ length: 60 }, (_, n) => 1.5 + (n % 3)),
    );
  });

  test.each([
    ["INPUT_MISSING", []],
    ["INPUT_UNKNOWN", [int64("i", 1n), int64("j", 1n)]],
    ["DATATYPE_MISMATCH", [float64("i", 1)]],
    ["SIZE_MISMATCH", [{ ...int64("i", 1n), data: new Uint8Array(7) }]],
    ["SHAPE_MISMATCH", [{ ...int64("i", 1n), shape: [1] }]],
  ])("with wrong inputs is refused: %s", async (reason, inputs) => {
    const { digest } = await loaded("gather");
    await expect(runtime.run(digest, inputs, ["y"])).rejects.toMatchObject({ reason });
  });

  test("with a string that ONNX Runtime would cut, or an output that is none, is refused", async () => {
    const { digest } = await loaded("string");
    const data = encodeStrings(["a\0b"]);
    const input = { name: "x", datatype: "BYTES" as const, shape: [1, 1], data };
    await expect(runtime.run(digest, [input], ["y"])).rejects.toMatchObject({
      reason: "BYTES_MALFORMED",
    });
    await expect(runtime.run(digest, [], ["z"])).rejects.toMatchObject({ reason: "INPUT_MISSING" });
    const whole = { ...input, data: encodeStrings(["a"]) };
    await expect(runtime.run(digest, [whole], ["z"])).rejects.toMatchObject({
      reason: "OUTPUT_UNKNOWN",
    });
  });
});

describe("loading", () => {
  test("again does nothing, unloading ends it, and it may be loaded after that", async () => {
    const artifact = await loaded("loop");
    await runtime.load(artifact);
    const inputs = [int64("times", 3n), float64("x", 1)];
    expect((await outputOf(artifact, ...inputs))?.data).toEqual(float64("y", 4).data);
    await runtime.unload(artifact.digest);
    await runtime.unload(artifact.digest);
    await expect(outputOf(artifact, ...inputs)).rejects.toMatchObject({
      reason: "MODEL_NOT_FOUND",
    });
    await runtime.load(artifact);
    expect((await outputOf(artifact, ...inputs))?.data).toEqual(float64("y", 4).data);
  });

  test("a file that was replaced after it was read is refused: its digest is another", async () => {
    await repository.write("replaced/1/model.onnx", identityModel(types.float, [1]));
    const artifact = await servedModel(repository, "replaced");
    await repository.write("replaced/1/model.onnx", identityModel(types.float, [2]));
    await expect(runtime.load(artifact)).rejects.toMatchObject({
      reason: "MODEL_INVALID",
      message: expect.stringContaining("was replaced, its digest is now"),
    });
  });

  test("what ONNX Runtime cannot load is refused in its words", async () => {
    const bytes = model({
      input: [value("x", types.float, [1])],
      output: [value("y", types.float, [1])],
      initializer: [initializer("w", types.int32, [1], Int32Array.of(1))],
      node: [node("NoSuchOperator", ["x", "w"], ["y"])],
    });
    await repository.write("odd/1/model.onnx", bytes);
    const artifact = await servedModel(repository, "odd");
    await expect(runtime.load(artifact)).rejects.toMatchObject({
      reason: "MODEL_INVALID",
      message: expect.stringMatching(/^model "odd" version 1 cannot be loaded: .*NoSuchOperator/),
    });
  });
});

describe("a model whose threads are ours to choose", () => {
  test("is loaded with what is chosen, and not at all when it is unloaded meanwhile", async () => {
    const choosing = Promise.withResolvers<number>();
    const asked: number[] = [];
    const choosy = await createRuntime({
      chooseThreads: (_, processes) => {
        asked.push(processes);
        return choosing.promise;
      },
    });
    try {
      const scalar = await servedModel(repository, "scalar");
      const auto: ModelArtifact = { ...scalar, config: { ...scalar.config, threads: "auto" } };
      const [given, up] = [choosy.load(auto), choosy.unload(auto.digest)];
      const again = choosy.load(auto);
      choosing.resolve(2);
      await expect(given).rejects.toMatchObject({ reason: "MODEL_UNAVAILABLE" });
      await Promise.all([up, again]);
      expect(asked).toEqual([1, 1]);
      const input = int64(auto.signature.inputs[0]?.name ?? "", 7n);
      const output = auto.signature.outputs[0]?.name ?? "";
      const { outputs } = await choosy.run(auto.digest, [input], [output]);
      expect(outputs).toHaveLength(1);
    } finally {
      await choosy.close();
    }
  });
});
