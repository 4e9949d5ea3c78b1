import { type Datatype, decodeStrings, type TensorSpec } from "@kvring/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatTensor, parseShape, parseTensor, randomTensor } from "./text.ts";

function spec(datatype: Datatype, shape: readonly number[] = [-1]): TensorSpec {
  return { name: "x", datatype, shape };
}

const parse = (datatype: Datatype, values: unknown) =>
  parseTensor(spec(datatype), values, undefined);

function refused(reason: string, message: RegExp) {
  return expect.objectContaining({ reason, message: expect.stringMatching(message) });
}

const datatypes: readonly (readonly [Datatype, fc.Arbitrary<number | string | boolean>])[] = [
  ["BOOL", fc.boolean()],
  ["UINT8", fc.nat(0xff)],
  ["UINT16", fc.nat(0xffff)],
  ["UINT32", fc.integer({ min: 0, max: 0xffff_ffff })],
  ["UINT64", fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)],
  ["INT8", fc.integer({ min: -0x80, max: 0x7f })],
  ["INT16", fc.integer({ min: -0x8000, max: 0x7fff })],
  ["INT32", fc.integer()],
  ["INT64", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)],
  ["FP32", fc.float({ noNaN: true })],
  ["FP64", fc.double({ noNaN: true })],
];

describe("a tensor as people type it", () => {
  test.each(datatypes)("of %s is read as it is written", (datatype, element) => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 10 }), (values) => {
        const tensor = parse(datatype, values);
        expect(tensor.shape).toEqual([values.length]);
        expect(formatTensor(tensor)).toEqual(values);
      }),
    );
  });

  test("of BYTES is its strings", () => {
    const tensor = parse("BYTES", ["a", "é", 7, true]);
    expect(decodeStrings(tensor.data)).toEqual(["a", "é", "7", "true"]);
  });

  test("may be nested or flat, a number alone, or numbers as text", () => {
    expect(parse("INT8", [[1, 2], [[3]]]).data).toEqual(Buffer.from([1, 2, 3]));
    expect(parse("INT8", 5).data).toEqual(Buffer.from([5]));
    expect(parse("INT8", ["1", " 2 "]).data).toEqual(Buffer.from([1, 2]));
    expect(formatTensor(parse("INT64", [7, "-8"]))).toEqual(["7", "-8"]);
    expect(formatTensor(parse("BOOL", [1, "false", 0, "true"]))).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(formatTensor(parse("FP32", ["NaN", "-Infinity"]))).toEqual([NaN, -Infinity]);
  });

  test.each([
    ["UINT8", [1, 256], /input "x", element 1: 256 is no UINT8/],
    ["UINT8", [-1], /element 0: -1 is no UINT8/],
    ["INT8", [1.5], /element 0: 1.5 is no INT8/],
    ["INT32", ["seven"], /element 0: "seven" is no INT32/],
    ["INT32", [""], /element 0: "" is no INT32/],
    ["INT32", [null], /element 0: null is no INT32/],
    ["INT32", [true], /element 0: true is no INT32/],
    ["INT64", [2 ** 53], /element 0: 9007199254740992 is no INT64/],
    ["INT64", ["1.5"], /element 0: "1.5" is no INT64/],
    ["UINT64", ["-1"], /element 0: "-1" is no UINT64/],
    ["UINT64", [true], /element 0: true is no UINT64/],
    ["FP32", [{ a: 1 }], /element 0: {"a":1} is no FP32/],
    ["FP64", ["1,5"], /element 0: "1,5" is no FP64/],
    ["BOOL", ["yes"], /element 0: "yes" is no BOOL/],
    ["BOOL", [2], /element 0: 2 is no BOOL/],
    ["BYTES", [{ a: 1 }], /element 0: {"a":1} is no BYTES/],
    ["BYTES", [null], /element 0: null is no BYTES/],
  ] as const)("of %s is not %j", (datatype, values, message) => {
    expect(() => parse(datatype, values)).toThrow(refused("SIZE_MISMATCH", message));
  });

  test("of FP16 cannot be typed", () => {
    expect(() => parse("FP16", [1])).toThrow(refused("DATATYPE_UNSUPPORTED", /FP16 inputs/));
    expect(formatTensor({ ...spec("FP16"), data: Buffer.from([0x00, 0x3c]) })).toEqual(["0x3c00"]);
  });
});

describe("the shape of a tensor", () => {
  const shapeOf = (
    declared: readonly number[],
    values: readonly number[],
    given?: readonly number[],
  ) => parseTensor(spec("INT8", declared), values, given).shape;

  test("is the declared one, with a free dimension told from the number of values", () => {
    expect(shapeOf([2, 2], [1, 2, 3, 4])).toEqual([2, 2]);
    expect(shapeOf([-1, 2], [1, 2, 3, 4])).toEqual([2, 2]);
    expect(shapeOf([2, -1], [])).toEqual([2, 0]);
    expect(shapeOf([], [1])).toEqual([]);
    expect(shapeOf([-1, -1], [1, 2], [2, 1])).toEqual([2, 1]);
  });

  test.each([
    [
      [-1, -1],
      [1, 2],
    ],
    [
      [-1, 2],
      [1, 2, 3],
    ],
    [[-1, 0], []],
  ])("of [%s] cannot be told from values %j", (declared, values) => {
    expect(() => shapeOf(declared, values)).toThrow(
      refused("SHAPE_MISMATCH", /input "x" of shape .* give --shape x=…/),
    );
  });

  test("is typed with commas", () => {
    expect(parseShape("1,28,28")).toEqual([1, 28, 28]);
    expect(parseShape("0")).toEqual([0]);
    for (const bad of ["", "1,", "1,a", "-1", "1x2", "1.5", "9".repeat(16)]) {
      expect(() => parseShape(bad)).toThrow(
        refused("SHAPE_MISMATCH", /is no shape, as in 1,28,28/),
      );
    }
  });
});

describe("a random tensor", () => {
  test("is the same for the same seed, another for another, and of its datatype", () => {
    for (const [datatype] of datatypes) {
      const one = randomTensor(spec(datatype, [-1, 50]), 7, undefined);
      expect(one.shape).toEqual([1, 50]);
      expect(randomTensor(spec(datatype, [-1, 50]), 7, undefined)).toEqual(one);
      expect(randomTensor(spec(datatype, [-1, 50]), 8, undefined).data).not.toEqual(one.data);
    }
    const texts = decodeStrings(randomTensor(spec("BYTES", [3]), 1, undefined).data);
    expect(texts).toHaveLength(3);
    expect(randomTensor(spec("FP32"), 1, [2, 2]).data).toHaveLength(16);
  });
});
