import { connect, constants } from "node:http2";
import { silentLog, systemClock } from "@kvring/core";
import { afterEach, expect, test } from "vitest";
import { frameBytes, mostFrameBytes } from "./frame.ts";
import { exchangeMethod } from "./method.ts";
import { ExchangeServer } from "./server.ts";
import type { ExchangeHandler } from "./session.ts";
import { framed, rawSession, serveExchange } from "./testing/raw-peer.ts";

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
});

const silent: ExchangeHandler = { opened() {}, operate() {}, closed() {} };

async function serve(): Promise<string> {
  const server = new ExchangeServer({
    ...{ nodeId: "n1", handler: silent, log: silentLog, clock: systemClock },
  });
  const { address, stop } = await serveExchange((stream) => server.accept(stream));
  stops.push(stop);
  return address;
}

function dial(address: string) {
  const session = connect(`http://${address}`);
  stops.push(() => session.destroy());
  const open = () => {
    const stream = session.request({
      ...{ ":method": "POST", ":path": exchangeMethod.path },
      ...{ "content-type": "application/grpc", te: "trailers" },
    });
    stream.on("error", () => {});
    return stream;
  };
  return { session, open };
}

async function stillServes(address: string): Promise<void> {
  const session = await rawSession(address);
  session.close();
}

test("streams that are cancelled in the turn in which they begin harm nobody", async () => {
  const address = await serve();
  const { session, open } = dial(address);
  await new Promise((resolve) => session.once("connect", resolve));
  const closed = Array.from({ length: 40 }, () => {
    const stream = open();
    stream.close(constants.NGHTTP2_CANCEL);
    return new Promise((resolve) => stream.once("close", resolve));
  });
  await Promise.all(closed);
  await stillServes(address);
});

test("many streams of one connection, more than settings may be outstanding, are served", async () => {
  const address = await serve();
  const { open } = dial(address);
  const streams = Array.from({ length: 40 }, open);
  await Promise.all(
    streams.map((stream) => new Promise((resolve) => stream.once("response", resolve))),
  );
});

test("a message larger than any frame is refused by its head", async () => {
  expect(mostFrameBytes).toBeGreaterThan(2 * frameBytes);
  const address = await serve();
  const stream = dial(address).open();
  const status = new Promise((resolve) => stream.once("trailers", resolve));
  stream.resume();
  stream.write(framed(Buffer.alloc(mostFrameBytes + 1)).subarray(0, 5));
  await expect(status).resolves.toMatchObject({
    "grpc-message": expect.stringContaining("at%20most"),
  });
});
