import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesPerElement, type Datatype, isDatatype } from "./datatypes.ts";
import {
  checkBytes,
  decodeStrings,
  elementCount,
  encodeStrings,
  shapeFits,
  type Tensor,
} from "./tensor.ts";

const sizes: readonly [Datatype, number][] = [
  ["BOOL", 1],
  ["UINT8", 1],
  ["UINT16", 2],
  ["UINT32", 4],
  ["UINT64", 8],
  ["INT8", 1],
  ["INT16", 2],
  ["INT32", 4],
  ["INT64", 8],
  ["FP16", 2],
  ["FP32", 4],
  ["FP64", 8],
];

const smallShape = fc.array(fc.nat({ max: 5 }), { maxLength: 4 });

describe("the element count", () => {
  test("is the product of the dimensions", () => {
    expect(elementCount([])).toBe(1);
    expect(elementCount([7])).toBe(7);
    expect(elementCount([2, 3, 5])).toBe(30);
    expect(elementCount([2, 0, 5])).toBe(0);
    expect(elementCount([2 ** 26, 2 ** 26])).toBe(2 ** 52);
  });

  test("is infinite where products are no longer exact, and still 0 where a dimension is", () => {
    expect(elementCount([2 ** 27, 2 ** 26])).toBe(Number.POSITIVE_INFINITY);
    expect(elementCount(Array.from({ length: 40 }, () => 2 ** 52))).toBe(Number.POSITIVE_INFINITY);
    expect(elementCount([...Array.from({ length: 40 }, () => 2 ** 52), 0])).toBe(0);
  });

  test.each([[[-1]], [[-2, -3]], [[1.5, 2]], [[2 ** 53]], [[Number.NaN]], [[0, -1]]])(
    "refuses %j",
    (shape) => {
      const refusal = expect.objectContaining({ reason: "SHAPE_MISMATCH" });
      expect(() => elementCount(shape)).toThrow(refusal);
    },
  );
});

describe("a shape", () => {
  test("fits itself, and every declaration that frees some of its dimensions", () => {
    fc.assert(
      fc.property(smallShape, fc.nat(), (shape, mask) => {
        const declared = shape.map((dimension, axis) => ((mask >> axis) & 1 ? -1 : dimension));
        expect(shapeFits(shape, declared)).toBe(true);
        expect(shapeFits([...shape, 1], declared)).toBe(false);
        if (shape.length > 0) expect(shapeFits(shape.slice(1), declared)).toBe(false);
      }),
    );
  });

  test("fits no other dimension, and no negative one", () => {
    expect(shapeFits([2, 3], [2, 4])).toBe(false);
    expect(shapeFits([2, 0], [2, -1])).toBe(true);
    expect(shapeFits([2, -1], [2, -1])).toBe(false);
    expect(shapeFits([2, -1], [2, 3])).toBe(false);
  });
});

describe("the bytes of a tensor", () => {
  test.each(sizes)("of %s are %i for each element", (datatype, bytes) => {
    expect(isDatatype(datatype)).toBe(true);
    expect(bytesPerElement(datatype)).toBe(bytes);
    fc.assert(
      fc.property(smallShape, fc.integer({ min: 1, max: 9 }), (shape, wrong) => {
        const expected = shape.reduce((product, dimension) => product * dimension, bytes);
        expect(reasonOf(tensor(datatype, shape, Buffer.alloc(expected)))).toBe("none");
        const more = tensor(datatype, shape, Buffer.alloc(expected + wrong));
        expect(reasonOf(more)).toBe("SIZE_MISMATCH");
        if (expected < wrong) return;
        const less = tensor(datatype, shape, Buffer.alloc(expected - wrong));
        expect(reasonOf(less)).toBe("SIZE_MISMATCH");
      }),
      { numRuns: 30 },
    );
  });

  test("are never enough for a product that has overflowed", () => {
    for (const shape of [
      [2 ** 32, 2 ** 32],
      [2 ** 53 - 1, 2 ** 53 - 1],
      [2 ** 40, 2 ** 24, 1],
    ]) {
      for (const data of [Buffer.alloc(0), Buffer.alloc(8)]) {
        expect(reasonOf(tensor("FP32", shape, data))).toBe("SIZE_MISMATCH");
        expect(reasonOf(tensor("BYTES", shape, data))).toBe("SIZE_MISMATCH");
      }
    }
  });

  test("are refused with negative dimensions, even where the product is right", () => {
    expect(reasonOf(tensor("UINT8", [-2, -2], Buffer.alloc(4)))).toBe("SHAPE_MISMATCH");
    expect(reasonOf(tensor("BYTES", [-1, -1], encodeStrings(["x"])))).toBe("SHAPE_MISMATCH");
  });

  test("are named in the refusal, with what would be right", () => {
    expect(() => checkBytes(tensor("INT64", [2, 3], Buffer.alloc(6)))).toThrow(
      'tensor "x" of INT64[2,3] needs 48 bytes, got 6',
    );
  });

  test("of other datatypes are unknown", () => {
    for (const name of ["BF16", "INT4", "FP8", "fp32", "STRING", "toString", "__proto__", ""]) {
      expect(isDatatype(name), name).toBe(false);
    }
  });
});

describe("strings", () => {
  const text = fc
    .string({ unit: "binary", maxLength: 40 })
    .map((characters) => characters.replaceAll("\0", ""));

  test("come back as they were, and pass the check", () => {
    fc.assert(
      fc.property(fc.array(text), (strings) => {
        const data = encodeStrings(strings);
        expect(reasonOf(tensor("BYTES", [strings.length], data))).toBe("none");
        expect(decodeStrings(data)).toEqual(strings);
      }),
    );
  });

  test("have the layout of the protocol", () => {
    const data = encodeStrings(["", "aß"]);
    expect(Buffer.from(data).toString("hex")).toBe("000000000300000061c39f");
  });

  test("must be as many as the shape says", () => {
    const data = encodeStrings(["a", "", "c"]);
    for (const [shape, reason] of [
      [[3], "none"],
      [[1, 3, 1], "none"],
      [[2], "SIZE_MISMATCH"],
      [[4], "SIZE_MISMATCH"],
      [[0], "SIZE_MISMATCH"],
      [[], "SIZE_MISMATCH"],
    ] as const) {
      expect(reasonOf(tensor("BYTES", shape, data)), String(shape)).toBe(reason);
    }
    expect(reasonOf(tensor("BYTES", [0, 4], Buffer.alloc(0)))).toBe("none");
  });

  test("are refused wherever they are cut off", () => {
    const data = encodeStrings(["some", "text that is longer than sixteen bytes"]);
    for (let length = 0; length < data.byteLength; length += 1) {
      // Between the two elements the bytes are whole: only their number is wrong.
      const reason = length === 0 || length === 8 ? "SIZE_MISMATCH" : "BYTES_MALFORMED";
      expect(reasonOf(tensor("BYTES", [2], data.subarray(0, length)))).toBe(reason);
    }
  });

  test.each([
    ["a length beyond the data", "ffffffff61", "4294967295 bytes announced, 1 left"],
    ["a length that is cut off", "0100000061010000", "element 1: its 4-byte length is cut off"],
    ["NUL in a short one", "03000000610062", "it contains NUL"],
    ["NUL in a long one", `14000000${"61".repeat(19)}00`, "it contains NUL"],
    ["a byte no text has", "01000000ff", "it is not UTF-8"],
    ["a character that is cut off", "01000000c3", "it is not UTF-8"],
    ["a character across two elements", "01000000c3010000009f", "it is not UTF-8"],
    ["a lone surrogate", "03000000eda080", "it is not UTF-8"],
    ["an overlong form of NUL", "02000000c080", "it is not UTF-8"],
    ["a late error in a long one", `14000000${"61".repeat(19)}80`, "it is not UTF-8"],
  ])("are refused for %s", (_, hex, why) => {
    const malformed = tensor("BYTES", [1], Buffer.from(hex, "hex"));
    expect(reasonOf(malformed)).toBe("BYTES_MALFORMED");
    expect(() => checkBytes(malformed)).toThrow(why);
  });

  test("are judged by any bytes as a plain reading of the rules judges them", () => {
    const byte = fc.constantFrom(0, 0x41, 0x7f, 0x80, 0xc3, 0x9f, 0xed, 0xa0);
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 24 }), (bytes) => {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(bytes.length);
        const data = Buffer.concat([length, Buffer.from(bytes)]);
        const right = !bytes.includes(0) && isText(Buffer.from(bytes));
        expect(reasonOf(tensor("BYTES", [1], data))).toBe(right ? "none" : "BYTES_MALFORMED");
      }),
      { numRuns: 500 },
    );
  });

  test("that UTF-8 cannot say are not encoded", () => {
    const refusal = expect.objectContaining({ reason: "BYTES_MALFORMED" });
    expect(() => encodeStrings(["fine", "\ud800"])).toThrow(refusal);
    expect(() => encodeStrings(["\udc00\ud800"])).toThrow("lone surrogate");
    expect(() => encodeStrings(["🙂"])).not.toThrow();
  });
});

function tensor(datatype: Datatype, shape: readonly number[], data: Uint8Array): Tensor {
  return { name: "x", datatype, shape, data };
}

function reasonOf(candidate: Tensor): string {
  try {
    checkBytes(candidate);
    return "none";
  } catch (error) {
    return (error as { readonly reason?: string }).reason ?? String(error);
  }
}

function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
