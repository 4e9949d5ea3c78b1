import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProtoReader, wireTypeOf } from "./reader.ts";

const malformed = expect.objectContaining({ reason: "MESSAGE_MALFORMED" });

function reader(...bytes: number[]): ProtoReader {
  return new ProtoReader(Uint8Array.from(bytes));
}

describe("a reader", () => {
  test.each([
    ["an empty number", [] as number[]],
    ["a number that is cut off", [0x80]],
    ["eleven bytes", [...Array(10).fill(0x80), 0]],
    ["2^53", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ["2^64 − 1", [...Array(9).fill(0xff), 1]],
  ])("refuses %s as an exact number", (_, bytes) => {
    expect(() => reader(...bytes).varint()).toThrow(malformed);
  });

  test("reads the largest exact number, and padded ones", () => {
    expect(reader(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f).varint()).toBe(2 ** 53 - 1);
    expect(reader(0x81, 0x80, 0x00).varint()).toBe(1);
  });

  test("reads 64 bits exactly and no more", () => {
    expect(reader(...Array(9).fill(0xff), 1).varint64()).toBe(2n ** 64n - 1n);
    expect(reader(...Array(9).fill(0xff), 1).int()).toBe(-1);
    expect(() => reader(...Array(9).fill(0xff), 2).varint64()).toThrow(malformed);
  });

  test.each([3, 4, 6, 7])("refuses wire type %i", (wireType) => {
    expect(() => reader(1, 2, 3).skip(wireType)).toThrow(malformed);
  });

  test("refuses field 0, lengths beyond the end, and text that is not UTF-8", () => {
    expect(() => reader(0x02).tag()).toThrow(malformed);
    expect(() => reader(0x05, 1, 2).bytes()).toThrow(malformed);
    expect(() => reader(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f).bytes()).toThrow(malformed);
    expect(() => reader(0x02, 0xc3, 0x28).string()).toThrow(malformed);
    expect(() => reader(1, 2, 3).fixed32()).toThrow(malformed);
  });

  test("keeps a nested message within its bounds", () => {
    const outer = reader(0x01, 0x80, 0x01);
    const inner = outer.message();
    expect(() => inner.varint()).toThrow(malformed);
    expect(outer.varint()).toBe(1);
  });

  test("survives any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const fields = new ProtoReader(bytes);
        try {
          while (!fields.done) fields.skip(wireTypeOf(fields.tag()));
        } catch (error) {
          expect(error).toEqual(malformed);
        }
      }),
    );
  });
});
