import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LargeBuffers } from "../memory/large-buffers.ts";
import { MessageReader } from "./message-reader.ts";
import { framed } from "./testing/raw-peer.ts";

const mostBytes = 6_000;
const memory = new LargeBuffers(64 * 1024);

function read(pieces: readonly Uint8Array[]): Buffer[] {
  const reader = new MessageReader(mostBytes, memory);
  const messages: Buffer[] = [];
  for (const piece of pieces) {
    reader.push(piece, (message) => {
      messages.push(Buffer.from(message));
      memory.give(message);
    });
  }
  return messages;
}

/** Cut where the numbers say. */
function cut(bytes: Buffer, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set([0, ...cuts.map((place) => place % (bytes.length + 1))])];
  places.sort((a, b) => a - b);
  return places.map((start, index) => bytes.subarray(start, places[index + 1]));
}

const message = fc
  .tuple(fc.oneof(fc.nat(8), fc.nat(mostBytes)), fc.nat(255))
  .map(([length, fill]) => Buffer.alloc(length, fill));

describe("messages", () => {
  test("are the same in whatever pieces they come, in memory that is used again", () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 6 }),
        fc.array(fc.nat(40_000), { maxLength: 12 }),
        (messages, cuts) => {
          const bytes = Buffer.concat(messages.map(framed));
          expect(read(cut(bytes, cuts))).toEqual(messages);
        },
      ),
    );
  });

  test("come as soon as they are whole, byte by byte", () => {
    const bytes = framed(Buffer.from("abc"));
    const reader = new MessageReader(mostBytes, memory);
    const came: number[] = [];
    bytes.forEach((_, at) => {
      reader.push(bytes.subarray(at, at + 1), () => came.push(at));
    });
    expect(came).toEqual([bytes.length - 1]);
  });

  test("that lie in one piece are views on it", () => {
    const piece = Buffer.concat([framed(Buffer.from("one")), framed(Buffer.from("two"))]);
    const reader = new MessageReader(mostBytes, memory);
    reader.push(piece, (view) => expect(view.buffer).toBe(piece.buffer));
    expect.assertions(2);
  });

  test("that are too large are refused by their head, before they come", () => {
    const head = framed(Buffer.alloc(mostBytes + 1)).subarray(0, 5);
    expect(() => read([head])).toThrow(/6001 bytes, at most 6000/);
    expect(() => read([head.subarray(0, 3), head.subarray(3)])).toThrow(/6001 bytes/);
    const huge = Buffer.from([0, 255, 255, 255, 255]);
    expect(() => read([huge])).toThrow(/4294967295 bytes/);
  });

  test("that are compressed are refused", () => {
    expect(() => read([Buffer.from([1, 0, 0, 0, 1, 7])])).toThrow(/compressed/);
  });
});
