import { type KvringError, ManualClock, silentLog } from "@kvring/core";
import { beforeEach, expect, test } from "vitest";
import { messageIn } from "../grpc/message-frame.ts";
import { ProtoWriter } from "../protobuf/writer.ts";
import { encodeHello, type LaneName, protocolVersion } from "./frame.ts";
import type { StreamListener } from "./frame-stream.ts";
import { ExchangeServer } from "./server.ts";

const clock = new ManualClock();
let warnings: string[];
let server: ExchangeServer;

beforeEach(() => {
  warnings = [];
  server = new ExchangeServer({
    ...{ nodeId: "n1", clock, joinTimeoutMs: 1_000 },
    handler: { opened() {}, operate() {}, closed() {} },
    log: { ...silentLog, warn: (_, message) => void warnings.push(message) },
  });
});

/** A stream that a peer has just begun. */
function begin() {
  const ends: (KvringError | undefined)[] = [];
  const written: Uint8Array[] = [];
  let listener: StreamListener | undefined;
  server.accept({
    listen: (given) => {
      listener = given;
    },
    write: (frame) => void written.push(messageIn(frame)),
    end: (error) => void ends.push(error),
  });
  return {
    ends,
    written,
    say: (message: Uint8Array) => listener?.onMessage(message),
    leave: () => listener?.onEnd(undefined),
  };
}

function hello(lane: LaneName): Uint8Array {
  const writer = new ProtoWriter();
  encodeHello(writer, {
    ...{ protocolVersion, lane, peerId: "g1", sessionId: "s1", creditBytes: 1_000 },
  });
  return writer.finish();
}

test("what is no hello is refused once, whatever follows it", () => {
  const stream = begin();
  for (let times = 0; times < 5; times++) stream.say(new Uint8Array());
  stream.say(hello("small"));
  expect(stream.ends).toMatchObject([{ reason: "MESSAGE_MALFORMED" }]);
  expect(warnings).toHaveLength(1);
  expect(stream.written).toEqual([]);
  expect(server.sessions).toBe(0);
});

test("a hello that comes too late opens no session", () => {
  const stream = begin();
  clock.advance(1_000);
  expect(stream.ends).toMatchObject([{ reason: "DEADLINE_EXCEEDED" }]);
  stream.say(hello("small"));
  expect(stream.ends).toHaveLength(1);
  expect(server.sessions).toBe(0);
});

test("one that was taken is waited for no more, and its stream's end is its session's", () => {
  const [small, bulk] = [begin(), begin()];
  small.say(hello("small"));
  bulk.say(hello("bulk"));
  clock.advance(1_000);
  expect([...small.ends, ...bulk.ends]).toEqual([]);
  expect(server.sessions).toBe(1);
  small.leave();
  expect(server.sessions).toBe(0);
});
