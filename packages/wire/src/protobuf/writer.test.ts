import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, test } from "vitest";
import { fieldOf, ProtoReader, tagOf } from "./reader.ts";
import { ProtoWriter } from "./writer.ts";

const schema = protobuf.parse(`
  syntax = "proto3";
  message All {
    uint64 number = 1; sint32 other = 2; int64 signed = 3; double real = 4; fixed64 wide = 5;
    string text = 6; bytes data = 16; All inner = 2047; repeated fixed64 many = 17;
    bool flag = 18; uint64 big = 19;
  }`).root;

interface All {
  readonly number: number;
  readonly signed: number;
  readonly real: number;
  readonly wide: bigint;
  readonly text: string;
  readonly data: Uint8Array;
  readonly inner: All | null;
  readonly many: readonly bigint[];
  readonly flag: boolean;
  readonly big: bigint;
}

const { all } = fc.letrec<{ all: All }>((tie) => ({
  all: fc.record({
    number: fc.maxSafeNat(),
    signed: fc.maxSafeInteger(),
    real: fc.double({ noNaN: true }),
    wide: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    text: fc.string({ unit: "grapheme" }),
    data: fc.uint8Array({ maxLength: 300 }),
    inner: fc.option(tie("all"), { depthSize: "small" }),
    many: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    flag: fc.boolean(),
    big: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
}));

function write(writer: ProtoWriter, message: All): void {
  writer.uint(1, message.number);
  writer.int(3, message.signed);
  writer.double(4, message.real);
  writer.fixed64(5, message.wide);
  writer.string(6, message.text);
  writer.bytes(16, message.data);
  if (message.inner !== null) {
    const mark = writer.open(2047, message.number % 300);
    write(writer, message.inner);
    writer.close(mark);
  }
  writer.packedFixed64(17, message.many);
  writer.bool(18, message.flag);
  writer.uint64(19, message.big);
}

function plain(message: All): object {
  const { inner, many, wide, big, number, signed, data, ...rest } = message;
  return {
    ...rest,
    ...(inner === null ? {} : { inner: plain(inner) }),
    number: String(number),
    signed: String(signed),
    wide: String(wide),
    big: String(big),
    many: many.map(String),
    data: Buffer.from(data),
  };
}

describe("a writer", () => {
  test("writes what protobufjs reads", () => {
    const type = schema.lookupType("All");
    fc.assert(
      fc.property(all, (message) => {
        const writer = new ProtoWriter(16);
        write(writer, message);
        expect(type.decode(writer.finish()).toJSON()).toEqual(
          type.fromObject(plain(message)).toJSON(),
        );
      }),
      { numRuns: 60 },
    );
  });

  test("leaves right lengths however wrong the guess", () => {
    for (const guess of [0, 127, 128, 20_000, 3_000_000]) {
      for (const length of [0, 1, 127, 128, 16_383, 16_384]) {
        const writer = new ProtoWriter();
        const mark = writer.open(1, guess);
        writer.raw(Buffer.alloc(length, 7));
        writer.close(mark);
        writer.uint(2, 5);
        const fields = new ProtoReader(writer.finish());
        expect(fieldOf(fields.tag())).toBe(1);
        expect(fields.bytes()).toEqual(Buffer.alloc(length, 7));
        expect(fields.tag()).toBe(tagOf(2, 0));
        expect(fields.varint()).toBe(5);
        expect(fields.done).toBe(true);
      }
    }
  });
});
