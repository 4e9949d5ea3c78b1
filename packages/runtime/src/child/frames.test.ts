import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeFrame, type Frame, FrameReader, frameBytes } from "./frames.ts";

const part = fc.uint8Array({ maxLength: 100 });
const message = fc.record({ header: fc.object(), parts: fc.array(part, { maxLength: 5 }) });

describe("frames", () => {
  test("arrive whole and aligned, however the stream is cut", () => {
    const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 50 }));
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), cuts, (messages, sizes) => {
        const stream = Buffer.concat(
          messages.flatMap(({ header, parts }) => encodeFrame(header, parts)),
        );
        const frames: Frame[] = [];
        const reader = new FrameReader((frame) => frames.push(frame));
        for (let at = 0; at < stream.length; ) {
          const size = sizes.next().value ?? 1;
          reader.push(stream.subarray(at, at + size));
          at += size;
        }
        expect(frames.length).toBe(messages.length);
        frames.forEach(({ header, parts }, index) => {
          const sent = messages[index];
          expect(header).toEqual(JSON.parse(JSON.stringify(sent?.header)));
          expect(parts.map((bytes) => [...bytes])).toEqual(sent?.parts.map((bytes) => [...bytes]));
          for (const { byteOffset } of parts) expect(byteOffset % 8).toBe(0);
        });
      }),
    );
  });

  test("a frame has memory of its own", () => {
    const frames: Frame[] = [];
    const reader = new FrameReader((frame) => frames.push(frame));
    reader.push(Buffer.concat([1, 2].flatMap((n) => encodeFrame({}, [Uint8Array.of(n)]))));
    expect(frames[0]?.parts[0]?.buffer).not.toBe(frames[1]?.parts[0]?.buffer);
  });

  test("one that is too large is not made", () => {
    expect(() => encodeFrame({}, [new Uint8Array(frameBytes)])).toThrow("can be given to a model");
  });

  test.each([
    ["longer than any", [0xff, 0xff, 0xff, 0xff]],
    ["shorter than its prefix", [4, 0, 0, 0]],
    ["with a header that is longer than itself", [12, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]],
    ["with more parts than fit", [12, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f]],
    [
      "with a part that is cut off",
      [24, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0x7b, 0x7d, 0, 0, 0, 0, 0, 0],
    ],
  ])("one %s is refused", (_, bytes) => {
    const reader = new FrameReader(() => expect.unreachable("it is no frame"));
    expect(() => reader.push(Uint8Array.from(bytes))).toThrow("a frame of a model's process has");
  });
});
