import { fileURLToPath } from "node:url";
import { KvringError, type Parameter } from "@kvring/core";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, test } from "vitest";
import { resolveInputs, resolveOutputs } from "./inputs.ts";
import { scanRequest } from "./scan.ts";

/** The slow twin: protobufjs over the protocol file. */
const protocol = fileURLToPath(new URL("../../../../proto/inference.proto", import.meta.url));
const root = new protobuf.Root().loadSync(protocol, { keepCase: true });
const requestType = root.lookupType("inference.ModelInferRequest");
const inputType = root.lookupType("inference.ModelInferRequest.InferInputTensor");
const { Writer } = protobuf;

const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const text = fc.string({ unit: "grapheme", maxLength: 20 });

/** What protobufjs takes 64 bits as. */
function long(value: bigint): { readonly low: number; readonly high: number } {
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & 0xffff_ffffn) | 0, high: Number(bits >> 32n) | 0 };
}

const parameters: fc.Arbitrary<Parameter[]> = fc.uniqueArray(
  fc.oneof(
    fc.record({ name, kind: fc.constant("none" as const) }),
    fc.record({ name, kind: fc.constant("bool" as const), value: fc.boolean() }),
    fc.record({
      name,
      kind: fc.constant("int64" as const),
      value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    }),
    fc.record({ name, kind: fc.constant("string" as const), value: text }),
    fc.record({ name, kind: fc.constant("double" as const), value: fc.double() }),
    fc.record({
      name,
      kind: fc.constant("uint64" as const),
      value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    }),
  ),
  { selector: (parameter) => parameter.name, maxLength: 5 },
);

function choice(parameter: Parameter): object {
  switch (parameter.kind) {
    case "none":
      return {};
    case "int64":
    case "uint64":
      return { [`${parameter.kind}_param`]: long(parameter.value) };
    default:
      return { [`${parameter.kind}_param`]: parameter.value };
  }
}

const dimension = fc.oneof(fc.nat(300), fc.constant(-1), fc.maxSafeNat());
const requests = fc.record({
  modelName: text,
  modelVersion: text,
  id: text,
  parameters,
  inputs: fc.array(
    fc.record({ name: text, datatype: text, shape: fc.array(dimension, { maxLength: 5 }) }),
    { maxLength: 4 },
  ),
  outputs: fc.array(text, { maxLength: 4 }),
  rawContents: fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 4 }),
});

function refused(reason: string, message: RegExp) {
  return expect.objectContaining({ reason, message: expect.stringMatching(message) });
}

function encoded(request: object): Uint8Array {
  return requestType.encode(request).finish();
}

/** An input whose fields come as given, so as no encoder would write them. */
function withInput(...fields: readonly Uint8Array[]): Uint8Array {
  return Writer.create()
    .uint32((5 << 3) | 2)
    .bytes(Buffer.concat(fields))
    .finish();
}

const field = (number: number, value: Uint8Array): Uint8Array =>
  Writer.create()
    .uint32((number << 3) | 2)
    .bytes(value)
    .finish();

describe("a scanned request", () => {
  test("is what protobufjs wrote", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const message = encoded({
          model_name: request.modelName,
          model_version: request.modelVersion,
          id: request.id,
          parameters: Object.fromEntries(
            request.parameters.map((parameter) => [parameter.name, choice(parameter)]),
          ),
          inputs: request.inputs,
          outputs: request.outputs.map((output) => ({ name: output })),
          raw_input_contents: request.rawContents,
        });
        const scanned = scanRequest(message);
        const plain = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes);
        expect({ ...scanned, rawContents: scanned.rawContents.map(plain) }).toEqual({
          ...request,
          parameters: expect.toSatisfy((found: Parameter[]) => {
            const byName = new Map(found.map((parameter) => [parameter.name, parameter]));
            expect(byName).toEqual(new Map(request.parameters.map((p) => [p.name, p])));
            return found.length === request.parameters.length;
          }),
          inputs: request.inputs.map((input) => ({ ...input, contents: undefined })),
        });
      }),
    );
  });

  test("has the last of a repeated field, and of a repeated parameter", () => {
    const first = encoded({ model_name: "a", id: "1", parameters: { p: { bool_param: true } } });
    const second = encoded({ model_name: "b", parameters: { p: { string_param: "x" } } });
    expect(scanRequest(Buffer.concat([first, second]))).toMatchObject({
      modelName: "b",
      id: "1",
      parameters: [{ name: "p", kind: "string", value: "x" }],
    });
  });

  test("has its shape from packed and from single dimensions", () => {
    const loose = Writer.create()
      .uint32((3 << 3) | 0)
      .int64(7)
      .finish();
    const packed = inputType.encode({ name: "x", shape: [2, -1] }).finish();
    expect(scanRequest(withInput(packed, loose)).inputs[0]?.shape).toEqual([2, -1, 7]);
  });

  test("passes over what a later version adds, on every level", () => {
    const unknown = Writer.create()
      .uint32((99 << 3) | 2)
      .string("later")
      .uint32((98 << 3) | 0)
      .uint32(1)
      .uint32((97 << 3) | 5)
      .fixed32(1)
      .uint32((96 << 3) | 1)
      .fixed64(1)
      .finish();
    const output = Buffer.concat([field(1, Buffer.from("y")), unknown]);
    const message = Buffer.concat([
      withInput(inputType.encode({ name: "x" }).finish(), unknown),
      field(6, output),
      unknown,
    ]);
    expect(scanRequest(message)).toMatchObject({ inputs: [{ name: "x" }], outputs: ["y"] });
  });

  test("is refused where its fields would mean something else", () => {
    const shared = { parameters: { shared_memory_region: { string_param: "r" } } };
    const classes = { parameters: { classification: { int64_param: 3 } } };
    const harmless = { parameters: { binary_data_size: { int64_param: 3 }, binary_data: {} } };
    expect(() => scanRequest(encoded({ inputs: [{ name: "x", ...shared }] }))).toThrow(
      refused(
        "UNSUPPORTED_PARAMETER",
        /input "x": parameter "shared_memory_region" is not supported/,
      ),
    );
    expect(() => scanRequest(encoded({ outputs: [{ name: "y", ...classes }] }))).toThrow(
      refused("UNSUPPORTED_PARAMETER", /output "y": parameter "classification"/),
    );
    expect(scanRequest(encoded({ inputs: [harmless], outputs: [harmless] })).inputs).toHaveLength(
      1,
    );
  });
});

describe("a hostile message", () => {
  const many = (number: number, value: Uint8Array, count: number): Uint8Array =>
    Buffer.concat(Array.from({ length: count }, () => field(number, value)));
  const none = new Uint8Array(0);
  const manyParameters = encoded({
    parameters: Object.fromEntries(Array.from({ length: 1025 }, (_, at) => [`p${at}`, {}])),
  });

  test.each([
    ["inputs", many(5, none, 1025), "MESSAGE_MALFORMED", /at most 1024 inputs/],
    ["outputs", many(6, none, 1025), "MESSAGE_MALFORMED", /at most 1024 outputs/],
    ["tensors", many(7, none, 1025), "MESSAGE_MALFORMED", /at most 1024 raw_input_contents/],
    ["parameters", manyParameters, "MESSAGE_MALFORMED", /at most 1024 parameters/],
    ["pieces", withInput(many(5, none, 1025)), "MESSAGE_MALFORMED", /at most 1024 pieces/],
    [
      "dimensions",
      encoded({ inputs: [{ shape: Array(17).fill(1) }] }),
      "SHAPE_MISMATCH",
      /at most 16 dim/,
    ],
  ])("has too many %s", (_, message, reason, words) => {
    expect(() => scanRequest(message)).toThrow(refused(reason, words));
  });

  test.each([
    ["a name that is not UTF-8", field(1, Buffer.from([0xc3, 0x28]))],
    ["a lone surrogate", field(3, Buffer.from([0xed, 0xa0, 0x80]))],
    ["a group", Buffer.from([0x0b, 0x0c])],
    ["field 0", Buffer.from([0x02, 0x00])],
    [
      "a dimension above 2^53",
      withInput(
        Writer.create()
          .uint32(24)
          .int64({ low: -1, high: 0x7fff_ffff } as never)
          .finish(),
      ),
    ],
    ["an input that is cut off", Buffer.from([0x2a, 5, 0x0a, 1])],
  ])("has %s", (_, message) => {
    expect(() => scanRequest(message)).toThrow(refused("MESSAGE_MALFORMED", /cannot be read/));
  });

  const signature = {
    inputs: [
      { name: "x", datatype: "FP32", shape: [-1, 2] },
      { name: "s", datatype: "BYTES", shape: [2] },
    ],
    outputs: [{ name: "y", datatype: "FP32", shape: [2] }],
  } as const;
  const head = {
    model_name: "m",
    model_version: "3",
    id: "7",
    parameters: { cache_control: { string_param: "no-cache" }, timeout: { int64_param: -5 } },
    outputs: [{ name: "y" }],
  };
  const strings = [Buffer.from("ab"), Buffer.from("é")];
  const typedRequest = encoded({
    ...head,
    inputs: [
      { name: "x", datatype: "FP32", shape: [1, 2], contents: { fp32_contents: [1, 2] } },
      { name: "s", datatype: "BYTES", shape: [2], contents: { bytes_contents: strings } },
    ],
  });
  const rawRequest = encoded({
    ...head,
    inputs: [
      { name: "x", datatype: "FP32", shape: [1, 2] },
      { name: "s", datatype: "BYTES", shape: [2] },
    ],
    raw_input_contents: [Buffer.alloc(8), Buffer.from("\u0002\0\0\0ab\u0002\0\0\0é")],
  });

  function understand(message: Uint8Array): void {
    const scanned = scanRequest(message);
    resolveInputs(scanned, signature);
    resolveOutputs(scanned, signature);
  }

  test.each([
    ["typed", typedRequest],
    ["raw", rawRequest],
  ])("that is a valid %s one cut off anywhere is understood or refused", (_, message) => {
    understand(message);
    for (let length = 0; length < message.length; length += 1) {
      expectRefusal(() => understand(message.subarray(0, length)));
    }
  });

  test("that is a valid one with changed bytes is understood or refused", () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(typedRequest, rawRequest), changes, (valid, changed) => {
        const message = Buffer.from(valid);
        for (const [at, byte] of changed) message[at % message.length] = byte;
        expectRefusal(() => understand(message));
      }),
      { numRuns: 500 },
    );
  });

  function expectRefusal(attempt: () => void): void {
    try {
      attempt();
    } catch (error) {
      expect(error).toBeInstanceOf(KvringError);
    }
  }
});
