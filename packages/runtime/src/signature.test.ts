import { KvringError } from "@kvring/core";
import fc from "fast-check";
import type { TypeProto } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { readSignature } from "./signature.ts";
import {
  identityModel,
  initializer,
  model,
  node,
  tensorType,
  types,
  value,
} from "./testing/onnx.ts";

describe("a signature that can be served", () => {
  test.each([
    ["float", "FP32"],
    ["double", "FP64"],
    ["float16", "FP16"],
    ["bool", "BOOL"],
    ["string", "BYTES"],
    ["int8", "INT8"],
    ["int16", "INT16"],
    ["int32", "INT32"],
    ["int64", "INT64"],
    ["uint8", "UINT8"],
    ["uint16", "UINT16"],
    ["uint32", "UINT32"],
    ["uint64", "UINT64"],
  ] as const)("%s is %s", (type, datatype) => {
    expect(readSignature(identityModel(types[type], [2]))).toEqual({
      inputs: [{ name: "x", datatype, shape: [2] }],
      outputs: [{ name: "y", datatype, shape: [2] }],
    });
  });

  test("named and unnamed dimensions are free, and a scalar has none", () => {
    const bytes = model({
      input: [value("a", types.float, ["batch", undefined, -1, 0, 7]), value("b", types.bool, [])],
      output: [value("y", types.float, ["batch"])],
    });
    const { inputs, outputs } = readSignature(bytes);
    expect(inputs.map(({ shape }) => shape)).toEqual([[-1, -1, -1, 0, 7], []]);
    expect(outputs[0]?.shape).toEqual([-1]);
  });

  test("an input that has an initializer is none", () => {
    const bytes = model({
      input: [value("x", types.float, [1]), value("w", types.float, [1])],
      output: [value("y", types.float, [1])],
      initializer: [initializer("w", types.float, [1], Float32Array.of(1))],
      node: [node("Add", ["x", "w"], ["y"])],
    });
    expect(readSignature(bytes).inputs.map(({ name }) => name)).toEqual(["x"]);
  });
});

describe("a signature that is refused", () => {
  test.each(["int4", "uint4", "bfloat16", "float8", "complex64"] as const)("%s", (type) => {
    const asInput = model({
      input: [value("x", types[type], [2])],
      output: [value("y", types.float, [2])],
    });
    const asOutput = model({
      input: [value("x", types.float, [2])],
      output: [value("y", types[type], [2])],
    });
    const name = type === "float8" ? "float8e4m3fn" : type;
    expect(refusal(asInput)).toEqual(["MODEL_UNSUPPORTED", `input "x" has type ${name}`]);
    expect(refusal(asOutput)).toEqual(["MODEL_UNSUPPORTED", `output "y" has type ${name}`]);
  });

  const element = tensorType(types.float, [1]) as TypeProto;
  test.each([
    ["sequence", { case: "sequenceType", value: { elemType: element } }],
    ["map", { case: "mapType", value: { keyType: types.int64, valueType: element } }],
    ["optional", { case: "optionalType", value: { elemType: element } }],
    ["sparse tensor", { case: "sparseTensorType", value: { elemType: types.float } }],
  ])("a %s", (kind, type) => {
    const output = { name: "y", type: { value: type } } as ReturnType<typeof value>;
    expect(refusal(model({ output: [output] }))).toEqual([
      "MODEL_UNSUPPORTED",
      `output "y" has type ${kind}`,
    ]);
  });

  test.each([
    ["unknown rank", value("y", types.float)],
    ["no type", { name: "y" }],
    ["rank 17, above 16", value("y", types.float, Array(17).fill(1))],
    ["a dimension of -2", value("y", types.float, [-2])],
    ["type undefined", value("y", 0, [1])],
    ["type number 99", value("y", 99, [1])],
  ])("an output with %s", (what, output) => {
    expect(refusal(model({ output: [output] }))).toEqual([
      "MODEL_UNSUPPORTED",
      `output "y" has ${what}`,
    ]);
  });

  test.each([
    ["two of a name", [value("y", types.float, [1]), value("y", types.float, [1])]],
    ["one without a name", [value("", types.float, [1])]],
  ])("outputs: %s", (_, output) => {
    expect(refusal(model({ output }))[0]).toBe("MODEL_INVALID");
  });
});

describe("a file that is no model", () => {
  test.each([
    ["empty", new Uint8Array()],
    ["text", Buffer.from("not a model at all")],
    ["a model without outputs", model({})],
  ])("%s", (_, bytes) => {
    expect(refusal(bytes)[0]).toBe("MODEL_INVALID");
  });

  test("whatever the bytes are, the answer is a signature or a refusal", () => {
    const whole = identityModel(types.float, ["n", 3]);
    const cut = fc.integer({ min: 0, max: whole.length - 1 }).map((end) => whole.subarray(0, end));
    const flipped = fc
      .tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, mask]) => whole.map((byte, index) => (index === at ? byte ^ mask : byte)));
    fc.assert(
      fc.property(fc.oneof(cut, flipped, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const reason = refusal(bytes)[0];
        expect(["served", "MODEL_INVALID", "MODEL_UNSUPPORTED"]).toContain(reason);
      }),
    );
  });
});

/** Reason and first half of the sentence. */
function refusal(bytes: Uint8Array): string[] {
  try {
    readSignature(bytes);
    return ["served"];
  } catch (error) {
    if (!(error instanceof KvringError)) throw error;
    return [error.reason, error.message.split(";")[0] ?? ""];
  }
}
