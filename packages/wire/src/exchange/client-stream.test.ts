import { createServer, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { type KvringError, ManualClock } from "@kvring/core";
import { afterEach, describe, expect, test } from "vitest";
import { dialStream } from "./client-stream.ts";
import { framed, serveExchange } from "./testing/raw-peer.ts";

const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
});

function listenTo(address: string) {
  const clock = new ManualClock();
  const stream = dialStream({ address, clock, windowBytes: 65_535 });
  stops.push(() => stream.end(undefined));
  const messages: string[] = [];
  const end = new Promise<KvringError | undefined>((resolve) =>
    stream.listen({
      onMessage: (message) => messages.push(Buffer.from(message).toString()),
      onEnd: resolve,
    }),
  );
  return { stream, clock, messages, end };
}

/** An HTTP/2 server that does exactly what a test says. */
async function serveRaw(onStream: (stream: ServerHttp2Stream) => void): Promise<string> {
  const server = createServer();
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    onStream(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Passes bytes on until it is told to be silent; connections stay open. */
async function hop(address: string) {
  const sockets: Socket[] = [];
  const server = createTcpServer((near) => {
    const far = connect(Number(address.split(":")[1]), "127.0.0.1");
    for (const socket of [near, far]) socket.on("error", () => {});
    sockets.push(near, far);
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    fallSilent() {
      for (const socket of sockets) socket.unpipe();
    },
  };
}

/** A node that greets, and answers what it is told in capitals. */
function echo(port = 0) {
  return serveExchange(
    (stream) =>
      stream.listen({
        onMessage: (message) => {
          const text = Buffer.from(message).toString();
          stream.write(framed(Buffer.from(text.toUpperCase())), () => {});
        },
        onEnd: () => stream.end(undefined),
      }),
    { port },
  ).then((served) => {
    stops.push(served.stop);
    return served;
  });
}

describe("a stream to a node", () => {
  test("carries messages both ways, and tells when one was sent", async () => {
    const { address } = await echo();
    const { stream, messages, end } = listenTo(address);
    await new Promise<void>((resolve) =>
      stream.write(framed(Buffer.from("hello")), () => resolve()),
    );
    await expect.poll(() => messages).toEqual(["HELLO"]);
    stream.end(undefined);
    await expect(end).resolves.toMatchObject({ reason: "LINK_LOST" });
  });

  test("is lost where nobody listens, and says why", async () => {
    const { address, stop } = await serveExchange(() => {});
    stop();
    const error = await listenTo(address).end;
    expect(error).toMatchObject({ reason: "LINK_LOST" });
    expect(error?.message).toMatch(/ECONNREFUSED/);
  });

  test.each(["bad host:1", "node-1:99999", ":80"])(
    "to %j is lost, and says why",
    async (address) => {
      const { stream, end } = listenTo(address);
      stream.write(framed(Buffer.from("hello")), () => {});
      await expect(end).resolves.toMatchObject({
        reason: "LINK_LOST",
        message: expect.stringContaining("is no address"),
      });
    },
  );

  test("is lost when its server is", async () => {
    const { address, stop } = await echo();
    const { stream, messages, end } = listenTo(address);
    stream.write(framed(Buffer.from("hello")), () => {});
    await expect.poll(() => messages).toEqual(["HELLO"]);
    stop();
    await expect(end).resolves.toMatchObject({ reason: "LINK_LOST" });
  });

  test("is lost 4 s after the last sign of life, though its connection stays open", async () => {
    const { address: far } = await echo();
    const { address, fallSilent } = await hop(far);
    const { stream, clock, messages, end } = listenTo(address);
    stream.write(framed(Buffer.from("hello")), () => {});
    await expect.poll(() => messages).toEqual(["HELLO"]);
    fallSilent();
    clock.advance(1_000);
    clock.advance(2_999);
    let isOver = false;
    void end.then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    clock.advance(1);
    expect((await end)?.message).toMatch(/no sign of life for 3000 ms/);
  });

  test("tells with what status it was ended, in its trailers or instead of an answer", async () => {
    const trailers = { "grpc-status": "14", "grpc-message": "on%20its%20way%20down" };
    const behind = await serveRaw((stream) => {
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers(trailers));
      stream.end(framed(Buffer.from("last words")));
    });
    const { messages, end } = listenTo(behind);
    await expect(end).resolves.toMatchObject({
      reason: "LINK_LOST",
      message: "on its way down",
    });
    expect(messages).toEqual(["last words"]);
    const instead = await serveRaw((stream) => {
      stream.respond({ ":status": 200, "grpc-status": "12" }, { endStream: true });
    });
    await expect(listenTo(instead).end).resolves.toMatchObject({ reason: "UNKNOWN_OPERATION" });
  });

  test("can be ended at any moment of its connecting", async () => {
    const { address } = await echo();
    for (let turns = 0; turns < 40; turns++) {
      const { stream, end } = listenTo(address);
      for (let turn = 0; turn < turns; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      stream.end(undefined);
      await expect(end).resolves.toMatchObject({ reason: "LINK_LOST" });
    }
  });

  test("does not take a web server for a node", async () => {
    const address = await serveRaw((stream) => stream.respond({ ":status": 404 }));
    expect((await listenTo(address).end)?.message).toMatch(/HTTP status 404/);
  });

  test("ends when what comes cannot be read", async () => {
    const address = await serveRaw((stream) => {
      stream.respond({ ":status": 200 });
      stream.write(Buffer.from([1, 0, 0, 0, 1, 7]));
    });
    expect((await listenTo(address).end)?.message).toMatch(/compressed/);
  });
});
