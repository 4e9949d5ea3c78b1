import { Server, ServerCredentials, type sendUnaryData } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bindServer } from "../grpc/bind.ts";
import { closeFrame, frameHeadBytes } from "../grpc/message-frame.ts";
import { LargeBuffers } from "../memory/large-buffers.ts";
import type { UnaryCall } from "./call.ts";
import { hasten } from "./hasten.ts";
import { framed, Http2Caller } from "./testing/http2-caller.ts";

const hot = "/test.Service/Hot";
const answerBytes = 2_000_000;
const mostBytes = 4_000_000;
const poison = 0xdb;

/** Overwrites what is given back: whoever still reads it, a socket too, sees that. */
class PoisonedBuffers extends LargeBuffers {
  given = 0;

  override give(memory: Uint8Array): void {
    memory.fill(poison);
    this.given += 1;
    super.give(memory);
  }
}

let memory: PoisonedBuffers;
let server: Server;
let port: number;

/** Answers two million times the first byte of the request. */
function handler(call: UnaryCall, respond: sendUnaryData<Uint8Array>): void {
  const frame = memory.take(frameHeadBytes + answerBytes).fill(call.request[0] ?? 0);
  respond(null, closeFrame(frame));
}

beforeEach(async () => {
  memory = new PoisonedBuffers(64_000_000);
  server = new Server();
  port = await bindServer(server, "127.0.0.1:0", ServerCredentials.createInsecure());
  hasten(server, new Map([[hot, handler]]), { mostBytes, memory });
});

afterEach(() => server.forceShutdown());

const question = (byte: number): Buffer => framed(Buffer.from([byte]));

describe("the memory of a large answer", () => {
  test("is given back when all of it has left, and not before", async () => {
    const callers = [new Http2Caller(port), new Http2Caller(port)];
    for (let round = 0; round < 5; round++) {
      const bytes = [1, 2, 3, 4, 5, 6].map((byte) => round * 6 + byte);
      const replies = await Promise.all(
        bytes.map((byte, at) => callers[at % 2]?.call(hot, [question(byte)])),
      );
      for (const [at, reply] of replies.entries()) {
        const body = reply?.body.subarray(5) ?? Buffer.alloc(0);
        expect(Buffer.compare(body, Buffer.alloc(answerBytes, bytes[at]))).toBe(0);
      }
    }
    while (memory.given < 30) await new Promise((resolve) => setImmediate(resolve));
    expect(memory.given).toBe(30);
    // Some of it more than once.
    expect(memory.idleBytes).toBeLessThanOrEqual(6 * 1.25 * answerBytes);
    for (const caller of callers) caller.close();
  });

  test("is left to the collector when the client goes before it has all", async () => {
    const caller = new Http2Caller(port);
    const stream = caller.open(hot);
    stream.on("error", () => {});
    stream.end(question(1));
    // The window is full long before two million bytes; nobody reads on.
    await new Promise((resolve) => stream.once("response", resolve));
    stream.close(8);
    await new Promise((resolve) => stream.once("close", resolve));
    // On the same connection, so behind what became of the first.
    const { body } = await caller.call(hot, [question(2)]);
    expect(Buffer.compare(body.subarray(5), Buffer.alloc(answerBytes, 2))).toBe(0);
    while (memory.given < 1) await new Promise((resolve) => setImmediate(resolve));
    expect(memory.given).toBe(1);
    caller.close();
  });
});
