import { fileURLToPath } from "node:url";
import { bytesPerElement, type Datatype, encodeStrings } from "@kvring/core";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, test, vi } from "vitest";
import { rawFromContents } from "./contents.ts";

/** The slow twin: protobufjs over the protocol file. */
const protocol = fileURLToPath(new URL("../../../../proto/inference.proto", import.meta.url));
const contentsType = new protobuf.Root()
  .loadSync(protocol, { keepCase: true })
  .lookupType("inference.InferTensorContents");

/**
 * The same fields on the wire with floats as the bits they are, since a NaN's payload does not
 * survive a JavaScript number; as encoders write them today, and one by one.
 */
function bitsType(packed: boolean): protobuf.Type {
  const fields = ["bool", "int32", "int64", "uint32", "uint64", "fixed32", "fixed64"];
  const type = new protobuf.Type("Bits");
  for (const [index, kind] of [...fields, "bytes"].entries()) {
    const isPacked = packed && kind !== "bytes";
    type.add(
      new protobuf.Field(`f${index + 1}`, index + 1, kind, "repeated", "", { packed: isPacked }),
    );
  }
  new protobuf.Root().add(type);
  return type;
}

const packedType = bitsType(true);
const looseType = bitsType(false);

/** 64 bits as protobufjs takes them without rounding. */
function long(bits: bigint): { readonly low: number; readonly high: number } {
  return { low: Number(bits & 0xffff_ffffn) | 0, high: Number(bits >> 32n) | 0 };
}

interface Typed {
  readonly datatype: Datatype;
  readonly field: number;
  readonly read: (raw: Buffer, at: number) => unknown;
}

const typed: readonly Typed[] = [
  { datatype: "BOOL", field: 1, read: (raw, at) => raw.readUInt8(at) === 1 },
  { datatype: "INT8", field: 2, read: (raw, at) => raw.readInt8(at) },
  { datatype: "INT16", field: 2, read: (raw, at) => raw.readInt16LE(at) },
  { datatype: "INT32", field: 2, read: (raw, at) => raw.readInt32LE(at) },
  { datatype: "INT64", field: 3, read: (raw, at) => long(raw.readBigUInt64LE(at)) },
  { datatype: "UINT8", field: 4, read: (raw, at) => raw.readUInt8(at) },
  { datatype: "UINT16", field: 4, read: (raw, at) => raw.readUInt16LE(at) },
  { datatype: "UINT32", field: 4, read: (raw, at) => raw.readUInt32LE(at) },
  { datatype: "UINT64", field: 5, read: (raw, at) => long(raw.readBigUInt64LE(at)) },
  { datatype: "FP32", field: 6, read: (raw, at) => raw.readUInt32LE(at) },
  { datatype: "FP64", field: 7, read: (raw, at) => long(raw.readBigUInt64LE(at)) },
];

/** Any bits are an element, but for BOOL. */
function rawElements(datatype: Datatype): fc.Arbitrary<Buffer> {
  const width = bytesPerElement(datatype);
  return fc.uint8Array({ maxLength: 12 * width }).map((drawn) => {
    const whole = drawn.subarray(0, drawn.length - (drawn.length % width));
    return Buffer.from(datatype === "BOOL" ? whole.map((byte) => byte & 1) : whole);
  });
}

function elementsOf(raw: Buffer, { datatype, read }: Typed): unknown[] {
  const width = bytesPerElement(datatype);
  return Array.from({ length: raw.length / width }, (_, index) => read(raw, index * width));
}

const text = fc.string({ unit: "grapheme", maxLength: 40 });
const encode = (type: protobuf.Type, field: number, values: unknown): Uint8Array =>
  type.encode({ [`f${field}`]: values }).finish();

function refused(reason: string, message: RegExp) {
  return expect.objectContaining({ reason, message: expect.stringMatching(message) });
}

describe("a typed tensor", () => {
  test.each(typed)("of $datatype is its raw bytes, however it is encoded", (kind) => {
    const { datatype, field } = kind;
    fc.assert(
      fc.property(
        rawElements(datatype),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
        (raw, pieces) => {
          const elements = elementsOf(raw, kind);
          const each = Math.ceil(elements.length / pieces.length);
          const contents = Buffer.concat(
            pieces.map((packed, index) => {
              const piece = elements.slice(index * each, (index + 1) * each);
              return encode(packed ? packedType : looseType, field, piece);
            }),
          );
          const tensor = { name: "x", datatype, count: elements.length };
          expect(Buffer.compare(rawFromContents(contents, tensor), raw)).toBe(0);
        },
      ),
    );
  });

  test("keeps the payload of NaNs, and integers beyond 2^53", () => {
    const nan = Buffer.from([0x01, 0x00, 0xa0, 0xff]);
    const contents = encode(packedType, 6, [nan.readUInt32LE()]);
    expect(rawFromContents(contents, { name: "x", datatype: "FP32", count: 1 })).toEqual(nan);
    const large = Buffer.alloc(16);
    large.writeBigInt64LE(9_007_199_254_740_993n, 0);
    large.writeBigInt64LE(-9_007_199_254_740_993n, 8);
    const values = [long(large.readBigUInt64LE(0)), long(large.readBigUInt64LE(8))];
    const longs = encode(packedType, 3, values);
    expect(rawFromContents(longs, { name: "x", datatype: "INT64", count: 2 })).toEqual(large);
  });

  test("of BYTES is its elements with their lengths", () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), (strings) => {
        const contents = encode(
          looseType,
          8,
          strings.map((string) => Buffer.from(string)),
        );
        const raw = rawFromContents(contents, {
          name: "x",
          datatype: "BYTES",
          count: strings.length,
        });
        expect(Buffer.compare(raw, encodeStrings(strings))).toBe(0);
      }),
    );
  });

  test("is what the protocol file says", () => {
    const contents = contentsType
      .encode({ fp32_contents: [1.5, -0, Number.POSITIVE_INFINITY] })
      .finish();
    const raw = Buffer.from("0000c03f000000800000807f", "hex");
    expect(rawFromContents(contents, { name: "x", datatype: "FP32", count: 3 })).toEqual(raw);
    const fields = Object.values(contentsType.fields).map(({ id, type }) => [id, type]);
    expect(fields).toEqual([
      ...[
        [1, "bool"],
        [2, "int32"],
        [3, "int64"],
        [4, "uint32"],
        [5, "uint64"],
      ],
      ...[
        [6, "float"],
        [7, "double"],
        [8, "bytes"],
      ],
    ]);
  });
});

describe("contents that are not the tensor", () => {
  const five = encode(packedType, 2, [1, 2, 3, 4, 5]);

  test.each([
    ["too few elements", five, "INT32", 6, "SIZE_MISMATCH", /"x" needs 6 elements, got 5/],
    ["too many elements", five, "INT32", 4, "SIZE_MISMATCH", /"x" needs 4 elements, got more/],
    ["another datatype", five, "FP32", 5, "DATATYPE_MISMATCH", /"x" is FP32, .* field 2/],
    ["half precision", five, "FP16", 5, "DATATYPE_MISMATCH", /FP16 has no typed form; send it in/],
    [
      "128 as INT8",
      encode(packedType, 2, [128]),
      "INT8",
      1,
      "SIZE_MISMATCH",
      /128 is outside -128 … 127/,
    ],
    [
      "−32769 as INT16",
      encode(packedType, 2, [-32769]),
      "INT16",
      1,
      "SIZE_MISMATCH",
      /-32769 is outside/,
    ],
    [
      "256 as UINT8",
      encode(packedType, 4, [256]),
      "UINT8",
      1,
      "SIZE_MISMATCH",
      /256 is outside 0 … 255/,
    ],
    [
      "2^32 as UINT32",
      Buffer.from([0x20, 0x80, 0x80, 0x80, 0x80, 0x10]),
      "UINT32",
      1,
      "SIZE_MISMATCH",
      /4294967296 is outside/,
    ],
    [
      "too few strings",
      encode(looseType, 8, [Buffer.from("a")]),
      "BYTES",
      2,
      "SIZE_MISMATCH",
      /got 1/,
    ],
    [
      "too many strings",
      encode(looseType, 8, [Buffer.from("a")]),
      "BYTES",
      0,
      "SIZE_MISMATCH",
      /got more/,
    ],
    [
      "a cut element",
      Buffer.from([0x32, 3, 1, 2, 3]),
      "FP32",
      1,
      "MESSAGE_MALFORMED",
      /4 bytes announced, 3 left/,
    ],
  ] as const)("are refused: %s", (_, contents, datatype, count, reason, message) => {
    const read = () => rawFromContents(contents, { name: "x", datatype, count });
    expect(read).toThrow(refused(reason, message));
  });

  test("do not become elements when their wire type is another one", () => {
    // Field 6 as a varint, twice: four bytes that could be read as a float.
    const contents = Buffer.from([0x30, 0x01, 0x30, 0x02, 0x35, 0, 0, 0x80, 0x3f]);
    const raw = rawFromContents(contents, { name: "x", datatype: "FP32", count: 1 });
    expect(raw).toEqual(Buffer.from([0, 0, 0x80, 0x3f]));
  });

  test("may carry fields of a later version", () => {
    const contents = Buffer.concat([five, Buffer.from([0x4a, 2, 1, 2])]);
    const raw = rawFromContents(contents, { name: "x", datatype: "INT8", count: 5 });
    expect([...raw]).toEqual([1, 2, 3, 4, 5]);
  });

  test("of many strings become one piece of memory, without a view for each", () => {
    const count = 10_000;
    const contents = new Uint8Array(2 * count).map((_, at) => (at % 2 === 0 ? 0x42 : 0));
    const views = vi.spyOn(Object.getPrototypeOf(Uint8Array.prototype), "subarray");
    const raw = rawFromContents(contents, { name: "x", datatype: "BYTES", count });
    expect(views).not.toHaveBeenCalled();
    views.mockRestore();
    expect(raw.length).toBe(4 * count);
    expect(raw.buffer.byteLength).toBeLessThanOrEqual(contents.length + 2 * count);
  });
});
