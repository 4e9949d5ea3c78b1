import { setImmediate as turnEnds } from "node:timers/promises";
import { beforeEach, expect, test, vi } from "vitest";
import { messageIn } from "../grpc/message-frame.ts";
import { decodeFrame, itemField } from "./frame.ts";
import { frameMemory } from "./frame-stream.ts";
import { Lane } from "./lane.ts";

/** The items of each frame, as they left. */
let frames: number[][];
let lane: Lane<number>;

beforeEach(async () => {
  frames = [];
  lane = new Lane<number>({
    stream: {
      write(frame, isSent) {
        const { items } = decodeFrame(messageIn(frame), (reader) => {
          reader.tag();
          return reader.varint();
        });
        frames.push([...items]);
        setImmediate(isSent);
      },
    },
    encodeItem(writer, item) {
      const mark = writer.open(itemField);
      writer.uint(1, item);
      writer.close(mark);
    },
    windowBytes: 1e6,
    maxWrites: 2,
    ringVersion: () => 0,
  });
  lane.credit(1e6);
  await turnEnds();
  await turnEnds();
  frames = [];
});

const callbackEnds = () => new Promise<void>((resolve) => process.nextTick(resolve));

/** Says each in a callback of its own, all in one turn. */
async function say(...items: number[]): Promise<void> {
  for (const item of items) {
    lane.push(item);
    await callbackEnds();
  }
}

test("what is said in one callback leaves in one frame, when it ends and no sooner", async () => {
  lane.push(1);
  lane.push(2);
  expect(frames).toEqual([]);
  await callbackEnds();
  expect(frames).toEqual([[1, 2]]);
});

test("the first of a quiet lane does not wait for the turn to end; what follows it does", async () => {
  await say(1, 2, 3);
  expect(frames).toEqual([[1]]);
  await turnEnds();
  expect(frames).toEqual([[1], [2, 3]]);
});

test("after a busy turn all of the next leaves together, and after a quiet one at once again", async () => {
  await say(1, 2);
  await turnEnds();
  frames = [];
  await say(3, 4);
  expect(frames).toEqual([]);
  await turnEnds();
  expect(frames).toEqual([[3, 4]]);
  await say(5);
  await turnEnds();
  frames = [];
  await say(6);
  expect(frames).toEqual([[6]]);
});

test("the memory of a frame is used again once it was sent, unless its lane has ended", async () => {
  const idle: Uint8Array[] = [];
  const give = vi.spyOn(frameMemory, "give").mockImplementation((memory) => void idle.push(memory));
  const writes: { readonly frame: Buffer; readonly isSent: () => void }[] = [];
  const plain = new Lane<number>({
    stream: { write: (frame, isSent) => void writes.push({ frame, isSent }) },
    ...{ encodeItem: (writer, item) => writer.bytes(itemField, Buffer.alloc(item)) },
    ...{ windowBytes: 1e6, maxWrites: 2, ringVersion: () => 0 },
  });
  plain.credit(1e6);
  plain.push(10_000);
  plain.flush();
  plain.push(10_000);
  plain.flush();
  expect(writes).toHaveLength(2);
  idle.length = 0;
  writes[0]?.isSent();
  expect(idle).toEqual([writes[0]?.frame]);
  plain.close();
  writes[1]?.isSent();
  expect(idle).toHaveLength(1);
  give.mockRestore();
});
