import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LargeBuffers } from "../memory/large-buffers.ts";
import { type FrameState, RequestFrame } from "./request-frame.ts";

const mostBytes = 1000;
const memory = new LargeBuffers(0);

function framed(message: Uint8Array, flag = 0): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame[0] = flag;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

/** Cut where the numbers say. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])];
  places.sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

function read(parts: readonly Uint8Array[]): FrameState {
  const frame = new RequestFrame(mostBytes, memory);
  for (const part of parts) frame.push(part);
  return frame.end();
}

/** What the bytes mean, without any pieces. */
function twin(bytes: Buffer): FrameState {
  if (bytes.length < 5) return { kind: "cut off" };
  const length = bytes.readUInt32BE(1);
  if (bytes[0] !== 0) return { kind: "refused", why: "compressed" };
  if (length > mostBytes) return { kind: "refused", why: "too large" };
  if (bytes.length > 5 + length) return { kind: "refused", why: "second message" };
  if (bytes.length < 5 + length) return { kind: "cut off" };
  return { kind: "whole", message: bytes.subarray(5) };
}

const cuts = fc.array(fc.nat(1200), { maxLength: 8 });

describe("a request", () => {
  test("is the same in whatever pieces it comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: mostBytes }), cuts, (message, where) => {
        const state = read(pieces(framed(message), where));
        expect(state.kind === "whole" && Buffer.from(state.message).equals(message)).toBe(true);
      }),
    );
  });

  test("of any bytes is what those bytes mean", () => {
    const head = fc
      .tuple(
        fc.constantFrom(0, 0, 0, 1, 255),
        fc.oneof(fc.nat(60), fc.nat(1100), fc.nat(2 ** 32 - 1)),
      )
      .map(([flag, length]) => {
        const bytes = Buffer.alloc(5);
        bytes[0] = flag;
        bytes.writeUInt32BE(length, 1);
        return bytes;
      });
    const any = fc.tuple(head, fc.uint8Array({ maxLength: 60 })).map((both) => Buffer.concat(both));
    const garbage = fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(any, garbage), cuts, (bytes, where) => {
        const state = read(pieces(bytes, where));
        const expected = twin(bytes);
        if (state.kind === "whole" && expected.kind === "whole") {
          expect(Buffer.from(state.message).equals(expected.message)).toBe(true);
        } else {
          expect(state).toEqual(expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("in one piece is a view on it", () => {
    const bytes = framed(Buffer.from("abc"));
    const state = read([bytes]);
    expect(state.kind === "whole" && state.message.buffer === bytes.buffer).toBe(true);
  });

  test("that was refused keeps nothing of what still comes", () => {
    const frame = new RequestFrame(mostBytes, memory);
    expect(frame.push(framed(new Uint8Array(0), 1))).toMatchObject({ kind: "refused" });
    const refused = frame.push(new Uint8Array(50));
    expect(refused).toEqual({ kind: "refused", why: "compressed" });
    expect(frame.end()).toBe(refused);
  });
});
