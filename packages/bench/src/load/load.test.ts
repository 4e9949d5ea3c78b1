import { once } from "node:events";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closedLoad } from "./closed.ts";
import { openLoad } from "./open.ts";

let server: Http2Server;
let address: string;
const bodies: string[] = [];

/** Answers with what it was asked; a question "no" with an error. */
beforeAll(async () => {
  server = createHttp2Server().on("stream", (stream) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const body = Buffer.concat(chunks);
      const text = body.subarray(5).toString();
      expect(body.readUInt32BE(1)).toBe(text.length);
      bodies.push(text);
      const status = text === "no" ? "14" : "0";
      stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
      stream.end(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => server.close());

const message = (index: number): Uint8Array => Buffer.from(`question ${index}`);

test("a closed loop asks every question once", async () => {
  bodies.length = 0;
  const load = await closedLoad({ addresses: [address, address], requests: 50, lanes: 7, message });
  expect(bodies.toSorted()).toEqual(Array.from({ length: 50 }, (_, n) => `question ${n}`).sort());
  expect(load.requests).toBe(50);
  expect(load.p50Ms).toBeLessThanOrEqual(load.p99Ms);
});

test("an open loop asks as often as its rate and time say", async () => {
  bodies.length = 0;
  const load = await openLoad({ address, perSecond: 2_000, seconds: 0.05, message });
  expect(bodies).toHaveLength(100);
  expect(load.requests).toBe(100);
  // A hundred that are due within 50 ms cannot be answered sooner.
  expect(load.requestsPerSecond).toBeLessThanOrEqual(2_100);
});

test("an error ends either, and is told", async () => {
  const no = (): Uint8Array => Buffer.from("no");
  const closed = closedLoad({ addresses: [address], requests: 3, lanes: 1, message: no });
  await expect(closed).rejects.toThrow("a call ended with 14");
  const open = openLoad({ address, perSecond: 100, seconds: 0.02, message: no });
  await expect(open).rejects.toThrow("a call ended with 14");
});
