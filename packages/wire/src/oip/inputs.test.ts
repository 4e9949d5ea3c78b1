import { fileURLToPath } from "node:url";
import { type Datatype, encodeStrings, requestKey, type Tensor } from "@kvring/core";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, test, vi } from "vitest";
import { resolveInputs, resolveOutputs } from "./inputs.ts";
import { encodeRequest } from "./request.ts";
import { type ScannedInput, type ScannedRequest, scanRequest } from "./scan.ts";

/** The slow twin: protobufjs over the protocol file. */
const protocol = fileURLToPath(new URL("../../../../proto/inference.proto", import.meta.url));
const requestType = new protobuf.Root()
  .loadSync(protocol, { keepCase: true })
  .lookupType("inference.ModelInferRequest");

const signature = {
  inputs: [
    { name: "a", datatype: "INT32", shape: [2] },
    { name: "b", datatype: "BYTES", shape: [-1] },
  ],
  outputs: [
    { name: "sum", datatype: "INT32", shape: [2] },
    { name: "difference", datatype: "INT32", shape: [2] },
  ],
} as const;

const a = { name: "a", datatype: "INT32", shape: [2] };
const b = { name: "b", datatype: "BYTES", shape: [1] };
const aBytes = Buffer.alloc(8);
const bBytes = encodeStrings(["x"]);

function request(parts: Partial<ScannedRequest>): ScannedRequest {
  const head = { modelName: "m", modelVersion: "", id: "", parameters: [], outputs: [] };
  return { ...head, inputs: [], rawContents: [], ...parts };
}

/** A raw request with these heads and bytes. */
function raw(heads: readonly Omit<ScannedInput, "contents">[], ...rawContents: Uint8Array[]) {
  return request({ inputs: heads.map((head) => ({ ...head, contents: undefined })), rawContents });
}

/** A request for one input whose contents came typed. */
function typed(head: Omit<ScannedInput, "contents">, contents: Uint8Array) {
  return request({ inputs: [{ ...head, contents }] });
}

function refused(reason: string, message: RegExp) {
  return expect.objectContaining({ reason, message: expect.stringMatching(message) });
}

describe("the inputs of a request", () => {
  test("come in the model's order, raw ones as views on the message", () => {
    const [first, second] = resolveInputs(raw([b, a], bBytes, aBytes), signature);
    expect(first).toEqual({ ...a, data: aBytes });
    expect(first?.data).toBe(aBytes);
    expect(second).toEqual({ ...b, data: bBytes });
  });

  test.each([
    [
      "unknown",
      raw([a, { ...b, name: "c" }], aBytes, bBytes),
      "INPUT_UNKNOWN",
      /model "m" has no input "c"; it takes a, b/,
    ],
    ["too many", raw([a, b, { ...b, name: "c" }], aBytes, bBytes, bBytes), "INPUT_UNKNOWN", /"c"/],
    ["missing", raw([a], aBytes), "INPUT_MISSING", /model "m" needs input "b" \(BYTES\[-1\]\)/],
    ["given twice", raw([a, a], aBytes, aBytes), "INPUT_DUPLICATE", /input "a" is given twice/],
    [
      "of another datatype",
      raw([{ ...a, datatype: "FP32" }, b], aBytes, bBytes),
      "DATATYPE_MISMATCH",
      /"a" is FP32, the model takes INT32/,
    ],
    [
      "of a datatype nobody knows",
      raw([{ ...a, datatype: "BF16" }, b], aBytes, bBytes),
      "DATATYPE_UNSUPPORTED",
      /"BF16" is not supported; the model takes INT32/,
    ],
    [
      "of another shape",
      raw([{ ...a, shape: [3] }, b], aBytes, bBytes),
      "SHAPE_MISMATCH",
      /"a" has shape \[3\], the model takes \[2\]/,
    ],
    [
      "of another rank",
      raw([{ ...a, shape: [2, 1] }, b], aBytes, bBytes),
      "SHAPE_MISMATCH",
      /shape \[2,1\]/,
    ],
    [
      "of negative size",
      raw([a, { ...b, shape: [-1] }], aBytes, bBytes),
      "SHAPE_MISMATCH",
      /input "b" has shape \[-1\], but/,
    ],
    [
      "too short",
      raw([a, b], aBytes.subarray(1), bBytes),
      "SIZE_MISMATCH",
      /"a" of INT32\[2\] needs 8 bytes, got 7/,
    ],
    ["too long", raw([a, b], Buffer.alloc(9), bBytes), "SIZE_MISMATCH", /needs 8 bytes, got 9/],
    [
      "without bytes",
      request({ inputs: [{ ...a, contents: undefined }] }),
      "SIZE_MISMATCH",
      /"a" needs 2 elements, its contents have 0 bytes/,
    ],
    ["without bytes for some", raw([a, b], aBytes), "SIZE_MISMATCH", /has 1 entries for 2 inputs/],
    [
      "with more elements than the shape says",
      raw([a, b], aBytes, encodeStrings(["x", "y"])),
      "SIZE_MISMATCH",
      /needs 1 elements, got 2/,
    ],
    [
      "with a string cut off",
      raw([a, b], aBytes, bBytes.subarray(0, 4)),
      "BYTES_MALFORMED",
      /element 0: 1 bytes announced, 0 left/,
    ],
    [
      "with a string's length cut off",
      raw([a, b], aBytes, bBytes.subarray(0, 3)),
      "BYTES_MALFORMED",
      /length is cut off/,
    ],
    [
      "with NUL in a string",
      raw([a, b], aBytes, encodeStrings(["x\0"])),
      "BYTES_MALFORMED",
      /contains NUL/,
    ],
    [
      "with a lone surrogate",
      raw([a, b], aBytes, Buffer.from("03000000eda080", "hex")),
      "BYTES_MALFORMED",
      /not UTF-8/,
    ],
  ] as const)("are refused where one is %s", (_, bad, reason, message) => {
    expect(() => resolveInputs(bad, signature)).toThrow(refused(reason, message));
  });

  test("are refused when raw and typed are mixed", () => {
    const mixed = { ...raw([a], aBytes), inputs: [{ ...a, contents: Buffer.from([0x12, 0]) }] };
    expect(() => resolveInputs(mixed, signature)).toThrow(
      refused("MIXED_CONTENTS", /send all tensors in one of the forms/),
    );
  });

  test("are refused with strings that are no text, typed too", () => {
    const nul = Buffer.from([0x42, 1, 0]);
    const one = { inputs: [{ name: "b", datatype: "BYTES", shape: [-1] }], outputs: [] } as const;
    expect(() => resolveInputs(typed(b, nul), one)).toThrow(refused("BYTES_MALFORMED", /NUL/));
  });
});

describe("a hostile shape", () => {
  const free = {
    inputs: [{ name: "x", datatype: "INT64", shape: [-1, -1] }],
    outputs: [],
  } as const;
  const head = { name: "x", datatype: "INT64" };

  test.each([
    ["beyond memory", [2 ** 40, 1]],
    ["beyond exact numbers", [2 ** 52, 2 ** 52]],
    ["larger than its contents", [2 ** 20, 1]],
  ])("%s is refused before anything is allocated", (_, shape) => {
    const alloc = vi.spyOn(Buffer, "alloc");
    const message = /needs (\d+|Infinity) elements, its contents have 3 bytes/;
    expect(() => resolveInputs(typed({ ...head, shape }, Buffer.from([0x1a, 1, 7])), free)).toThrow(
      refused("SIZE_MISMATCH", message),
    );
    expect(() => resolveInputs(raw([{ ...head, shape }], Buffer.alloc(3)), free)).toThrow(
      refused("SIZE_MISMATCH", /bytes, got 3/),
    );
    expect(alloc.mock.calls.map(([bytes]) => bytes)).toEqual([3]);
    alloc.mockRestore();
  });

  test("cannot make eight bytes of each byte without end", () => {
    const contents = new Uint8Array(9 * 2 ** 20);
    const shape = [9 * 2 ** 20, 1];
    expect(() => resolveInputs(typed({ ...head, shape }, contents), free)).toThrow(
      refused("MESSAGE_TOO_LARGE", /takes 75497472 bytes, a request has at most 67108864/),
    );
  });
});

describe("the outputs of a request", () => {
  test("are those asked for, in that order, or all in the model's", () => {
    expect(resolveOutputs(request({}), signature)).toEqual(["sum", "difference"]);
    const asked = request({ outputs: ["difference", "sum"] });
    expect(resolveOutputs(asked, signature)).toEqual(["difference", "sum"]);
  });

  test("are refused when unknown or repeated", () => {
    expect(() => resolveOutputs(request({ outputs: ["product"] }), signature)).toThrow(
      refused("OUTPUT_UNKNOWN", /model "m" has no output "product"; it has sum, difference/),
    );
    expect(() => resolveOutputs(request({ outputs: ["sum", "sum"] }), signature)).toThrow(
      refused("OUTPUT_DUPLICATE", /asked for twice/),
    );
  });
});

/** Whole requests: what a typed client and a raw client send for the same tensors. */
describe("raw and typed requests", () => {
  interface Pair {
    readonly tensor: Tensor;
    readonly contents: object;
  }

  const shape = fc.tuple(fc.nat(3), fc.nat(3));

  function numbers<T>(
    datatype: Datatype,
    field: string,
    element: fc.Arbitrary<T>,
    write: (value: T) => readonly number[] | Uint8Array,
  ): fc.Arbitrary<Pair> {
    return shape.chain(([rows, columns]) => {
      const count = rows * columns;
      return fc.array(element, { minLength: count, maxLength: count }).map((values) => ({
        tensor: {
          name: datatype,
          datatype,
          shape: [rows, columns],
          data: Buffer.concat(values.map((value) => Buffer.from(write(value)))),
        },
        contents: { [field]: values },
      }));
    });
  }

  const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer);
  const int = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
  const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
  const pairs: readonly fc.Arbitrary<Pair>[] = [
    numbers("BOOL", "bool_contents", fc.boolean(), (value) => [Number(value)]),
    numbers("INT8", "int_contents", int(8), (value) => bytesOf(Int8Array.of(value))),
    numbers("INT16", "int_contents", int(16), (value) => bytesOf(Int16Array.of(value))),
    numbers("INT32", "int_contents", int(32), (value) => bytesOf(Int32Array.of(value))),
    numbers("INT64", "int64_contents", fc.maxSafeInteger(), (value) =>
      bytesOf(BigInt64Array.of(BigInt(value))),
    ),
    numbers("UINT8", "uint_contents", uint(8), (value) => [value]),
    numbers("UINT16", "uint_contents", uint(16), (value) => bytesOf(Uint16Array.of(value))),
    numbers("UINT32", "uint_contents", uint(32), (value) => bytesOf(Uint32Array.of(value))),
    numbers("UINT64", "uint64_contents", fc.maxSafeNat(), (value) =>
      bytesOf(BigUint64Array.of(BigInt(value))),
    ),
    numbers("FP32", "fp32_contents", fc.float(), (value) => bytesOf(Float32Array.of(value))),
    numbers("FP64", "fp64_contents", fc.double(), (value) => bytesOf(Float64Array.of(value))),
    numbers(
      "BYTES",
      "bytes_contents",
      fc
        .string({ unit: "grapheme", minLength: 1 })
        .filter((text) => !text.includes("\0"))
        .map((text) => Buffer.from(text)),
      (value) => encodeStrings([value.toString()]),
    ),
  ];

  test("give the same tensors and the same key, in any order of inputs", () => {
    const some = fc.shuffledSubarray([...pairs], { minLength: 1 });
    fc.assert(
      fc.property(
        some.chain((chosen) => fc.tuple(...chosen)),
        (drawn) => {
          const inputs = drawn.map(({ tensor }) => ({ ...tensor, shape: [-1, -1] }));
          const declared = { inputs, outputs: [] };
          const typedMessage = requestType
            .encode({
              model_name: "m",
              inputs: drawn.toReversed().map(({ tensor, contents }) => ({
                name: tensor.name,
                datatype: tensor.datatype,
                shape: tensor.shape,
                contents,
              })),
            })
            .finish();
          const rawMessage = encodeRequest({
            model: "m",
            inputs: drawn.map(({ tensor }) => tensor),
          });
          const fromTyped = resolveInputs(scanRequest(typedMessage), declared);
          const fromRaw = resolveInputs(scanRequest(rawMessage), declared);
          expect(plain(fromTyped)).toEqual(plain(drawn.map(({ tensor }) => tensor)));
          expect(plain(fromRaw)).toEqual(plain(fromTyped));
          expect(keyOf(fromRaw)).toBe(keyOf(fromTyped.toReversed()));
        },
      ),
    );
  });

  function plain(tensors: readonly Tensor[]): object[] {
    return tensors.map((tensor) => ({ ...tensor, data: Buffer.from(tensor.data).toString("hex") }));
  }

  function keyOf(inputs: readonly Tensor[]): string {
    const model = { name: "m", version: "1", digest: "d" };
    const key = requestKey({ tenant: "", model, outputs: [], parameters: [], inputs });
    return Buffer.from(key).toString("hex");
  }
});
