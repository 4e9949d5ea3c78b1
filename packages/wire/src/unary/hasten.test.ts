import { once } from "node:events";
import { gzipSync } from "node:zlib";
import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bindServer } from "../grpc/bind.ts";
import { messageIn } from "../grpc/message-frame.ts";
import { LargeBuffers } from "../memory/large-buffers.ts";
import type { UnaryCall } from "./call.ts";
import { hasten } from "./hasten.ts";
import { framed, Http2Caller, type Reply, replyOf } from "./testing/http2-caller.ts";

const mostBytes = 200_000;
const options = { mostBytes, memory: new LargeBuffers(0) };
const hot = "/test.Service/Hot";
const other = "/test.Service/Other";

/** Calls that the handler keeps open, in their order. */
const held: { readonly call: UnaryCall; readonly respond: sendUnaryData<Uint8Array> }[] = [];
/** How calls that said "hold" ended. */
const ended: string[] = [];

/** Does what the request's text says. */
function handler(call: UnaryCall, respond: sendUnaryData<Uint8Array>): void {
  const [order = "", argument = ""] = Buffer.from(call.request).toString("latin1").split(" ", 2);
  switch (order) {
    case "size":
      respond(null, framed(Buffer.alloc(Number(argument), 0x61)));
      return;
    case "fail": {
      const metadata = new Metadata();
      metadata.set("grpc-status-details-bin", Buffer.from([1, 2, 3, 255]));
      metadata.set("x-more", "words");
      respond({ code: status.NOT_FOUND, details: "100 % ä\n", metadata });
      return;
    }
    case "throw":
      throw new Error("a mistake");
    case "metadata":
      respond(null, framed(Buffer.from(JSON.stringify(call.metadata.get(argument)))));
      return;
    case "deadline": {
      const deadline = Number(call.getDeadline());
      const left = deadline - Date.now();
      respond(
        null,
        framed(Buffer.from(Number.isFinite(deadline) ? String(left > 0 && left) : "none")),
      );
      return;
    }
    case "hold":
      held.push({ call, respond });
      call.on("cancelled", () => ended.push(argument));
      return;
    default:
      respond(null, framed(Buffer.from(call.request)));
  }
}

const identity = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

async function startServer(isHastened: boolean): Promise<{ server: Server; port: number }> {
  const server = new Server({
    "grpc.max_receive_message_length": mostBytes,
    "grpc.max_send_message_length": mostBytes,
  });
  const method = (path: string) => ({
    ...({ path, requestStream: false, responseStream: false } as const),
    ...{ requestSerialize: identity, requestDeserialize: (bytes: Buffer) => bytes },
    ...{
      responseSerialize: (frame: Uint8Array) => identity(messageIn(frame)),
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  });
  server.addService({ Hot: method(hot), Other: method(other) }, { Hot: handler, Other: handler });
  const port = await bindServer(server, "127.0.0.1:0", ServerCredentials.createInsecure());
  if (isHastened) {
    expect(hasten(server, new Map([[hot, handler]]), options)).toBe(true);
  }
  return { server, port };
}

let plain: { server: Server; port: number };
let fast: { server: Server; port: number };
let callers: Http2Caller[];

beforeAll(async () => {
  [plain, fast] = await Promise.all([startServer(false), startServer(true)]);
  callers = [new Http2Caller(plain.port), new Http2Caller(fast.port)];
});

afterEach(() => {
  held.length = 0;
  ended.length = 0;
});

afterAll(() => {
  for (const caller of callers) caller.close();
  plain.server.forceShutdown();
  fast.server.forceShutdown();
});

/** The same call of both servers; what they answered, without what always differs. */
async function both(
  pieces: readonly Uint8Array[],
  headers: Record<string, string> = {},
  path = hot,
): Promise<[Reply, Reply]> {
  const replies = await Promise.all(callers.map((caller) => caller.call(path, pieces, headers)));
  const [first, second] = replies.map((reply) => {
    const { date: _date, ...rest } = reply.headers;
    return { ...reply, headers: rest };
  });
  if (first === undefined || second === undefined) throw new Error("two callers");
  return [first, second];
}

const text = (words: string): Buffer => framed(Buffer.from(words, "latin1"));

describe("answers, headers and trailers are those of grpc-js", () => {
  test.each<[string, readonly Uint8Array[], Record<string, string>?, string?]>([
    ["for a message", [text("hello")]],
    ["for a message without a byte", [framed(new Uint8Array(0))]],
    ["for a message in pieces", [text("hello").subarray(0, 3), text("hello").subarray(3)]],
    ["for an answer of one piece", [text("size 1000")]],
    ["for an answer of several frames", [text("size 65537")]],
    ["for the largest question", [framed(Buffer.alloc(mostBytes, 0x62))]],
    ["for the largest answer", [text(`size ${mostBytes}`)]],
    ["for an error with details", [text("fail")]],
    ["for a handler that throws", [text("throw")]],
    ["for metadata", [text("metadata x-one")], { "x-one": "a, b" }],
    ["for metadata that is not there", [text("metadata x-two")], { "x-one": "a" }],
    ["for no deadline", [text("deadline")]],
    ["for a question that is too large", [framed(Buffer.alloc(mostBytes + 1)).subarray(0, 9)]],
    ["for a message of another content type", [text("hello")], { "content-type": "text/plain" }],
    ["for gRPC with a subtype", [text("hello")], { "content-type": "application/grpc+json" }],
    ["for protobuf by name", [text("hello")], { "content-type": "application/grpc+proto" }],
    ["for a compressed message", [framed(gzipSync("hello"), 1)], { "grpc-encoding": "gzip" }],
    ["for a compression nobody knows", [framed(gzipSync("x"), 1)], { "grpc-encoding": "x" }],
    ["for no compression, said so", [text("hello")], { "grpc-encoding": "identity" }],
    ["for a timeout that is none", [text("hello")], { "grpc-timeout": "soon" }],
    ["for a timeout without end", [text("hello")], { "grpc-timeout": "99999999H" }],
    ["for another method", [text("hello")], {}, other],
    ["for an unknown method", [text("hello")], {}, "/test.Service/Unknown"],
  ])("%s", async (_, pieces, headers, path) => {
    const [expected, found] = await both(pieces, headers, path);
    expect(found).toEqual(expected);
    const { headers: head, trailers } = found;
    expect(head["grpc-status"] ?? trailers["grpc-status"] ?? head[":status"]).toBeDefined();
  });

  test.each([
    ["for an answer that is too large", [text(`size ${mostBytes + 1}`)]],
    ["without a message", []],
    ["with less than a message", [text("hello").subarray(0, 8)]],
    ["with a second message", [text("one"), text("two")]],
  ])("%s, but for the words", async (_, pieces) => {
    const [expected, found] = await both(pieces);
    expect(found.headers["grpc-status"]).toBe(expected.headers["grpc-status"]);
    expect(expected.headers["grpc-status"]).toMatch(/^(8|12)$/);
  });

  test.each(["250m", "3S", "1M", "1H"])("for a deadline of %s", async (timeout) => {
    const replies = await both([text("deadline")], { "grpc-timeout": timeout });
    const ms = { m: 1, S: 1000, M: 60_000, H: 3_600_000 }[timeout.slice(-1)] ?? 0;
    const asked = Number(timeout.slice(0, -1)) * ms;
    for (const { body } of replies) {
      const left = Number(body.subarray(5).toString());
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(asked);
    }
  });
});

test("a compressed message without a compression is refused, and not taken for a plain one", async () => {
  const reply = await callers[1]?.call(hot, [framed(gzipSync("hello"), 1)]);
  expect(reply?.headers["grpc-status"]).toBe(String(status.INTERNAL));
});

describe("a hot call", () => {
  const caller = (): Http2Caller => callers[1] ?? new Http2Caller(fast.port);
  const begun = async (count: number): Promise<void> => {
    while (held.length < count) await new Promise((resolve) => setImmediate(resolve));
  };

  test("that its client resets is cancelled once, and an answer for it goes nowhere", async () => {
    const stream = caller().open(hot);
    const reply = replyOf(stream);
    stream.end(text("hold reset"));
    await begun(1);
    expect(held[0]?.call.cancelled).toBe(false);
    stream.close(8);
    await reply;
    while (ended.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(held[0]?.call.cancelled).toBe(true);
    held[0]?.respond(null, framed(Buffer.from("late")));
    held[0]?.respond({ code: status.INTERNAL, details: "late" });
    expect(ended).toEqual(["reset"]);
  });

  test("is answered once, and over when its answer was sent", async () => {
    const reply = caller().call(hot, [text("hold answered")]);
    await begun(1);
    held[0]?.respond(null, framed(Buffer.from("first")));
    held[0]?.respond(null, framed(Buffer.from("second")));
    expect((await reply).body.subarray(5).toString()).toBe("first");
    while (ended.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toEqual(["answered"]);
  });

  test("that never finishes asking ends at its deadline, and never reaches its handler", async () => {
    const stream = caller().open(hot, { "grpc-timeout": "20m" });
    const reply = replyOf(stream);
    stream.write(text("hold never").subarray(0, 7));
    await once(stream, "response");
    stream.end();
    expect((await reply).headers["grpc-status"]).toBe(String(status.DEADLINE_EXCEEDED));
    expect(held).toEqual([]);
  });

  test("that goes away while it asks leaves nothing behind", async () => {
    const stream = caller().open(hot);
    const reply = replyOf(stream);
    stream.write(text("hold gone").subarray(0, 7));
    stream.close(8);
    await reply;
    expect((await caller().call(hot, [text("still here")])).body.subarray(5).toString()).toBe(
      "still here",
    );
    expect(held).toEqual([]);
  });

  test("under way is answered while the server drains, and then its connection ends", async () => {
    const { server, port } = await startServer(true);
    const client = new Http2Caller(port);
    const goaway = once(client.session, "goaway");
    const reply = client.call(hot, [text("hold drained")]);
    await begun(1);
    const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    await goaway;
    held[0]?.respond(null, framed(Buffer.from("in time")));
    expect((await reply).body.subarray(5).toString()).toBe("in time");
    await drained;
  });

  test("is cancelled when the server is shut down by force", async () => {
    const { server, port } = await startServer(true);
    const client = new Http2Caller(port);
    const reply = client.call(hot, [text("hold forced")]);
    await begun(1);
    server.forceShutdown();
    await reply;
    while (ended.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toEqual(["forced"]);
  });
});

describe("hasten", () => {
  test("leaves a server with interceptors alone", async () => {
    const server = new Server({
      interceptors: [(_method, call) => new ServerInterceptingCall(call)],
    });
    await bindServer(server, "127.0.0.1:0", ServerCredentials.createInsecure());
    expect(hasten(server, new Map([[hot, handler]]), options)).toBe(false);
    server.forceShutdown();
  });

  test("says when a server is not what it knows", () => {
    expect(hasten(new Server(), new Map([[hot, handler]]), options)).toBe(false);
  });
});
