import { once } from "node:events";
import { createServer, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { PassThrough, Transform } from "node:stream";
import { type KvringError, ManualClock } from "@kvring/core";
import { afterEach, describe, expect, test } from "vitest";
import { dialStream } from "./client-stream.ts";
import { framed, serveExchange } from "./testing/raw-peer.ts";

/** HTTP/2's: what a client says before its first frame, and a kind of frame. */
const prefaceBytes = 24;
const pingType = 6;

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

/** Leaves pings out of what a client says, like a way on which they are long. */
function withoutPings(): Transform {
  let rest = Buffer.alloc(0);
  let headBytes = 0;
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      rest = Buffer.concat([rest, piece]);
      if (headBytes === 0 && rest.length >= prefaceBytes) {
        headBytes = prefaceBytes;
        this.push(rest.subarray(0, prefaceBytes));
        rest = rest.subarray(prefaceBytes);
      }
      while (headBytes > 0 && rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
        const frame = rest.subarray(0, 9 + rest.readUIntBE(0, 3));
        if (frame[3] !== pingType) this.push(frame);
        rest = rest.subarray(frame.length);
      }
      done();
    },
  });
}

/** Passes bytes on until it is told to be silent; connections stay open. */
async function hop(address: string, between: () => Transform = () => new PassThrough()) {
  const sockets: Socket[] = [];
  const server = createTcpServer((near) => {
    const far = connect(Number(address.split(":")[1]), "127.0.0.1");
    for (const socket of [near, far]) socket.on("error", () => {});
    sockets.push(near, far);
    near.pipe(between()).pipe(far);
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

  test("lives while anything comes, though its pings are not answered", async () => {
    const { address: far } = await echo();
    const { address } = await hop(far, withoutPings);
    const { stream, clock, messages, end } = listenTo(address);
    const ask = async (text: string) => {
      stream.write(framed(Buffer.from(text)), () => {});
      await expect.poll(() => messages).toContain(text.toUpperCase());
    };
    await ask("a");
    clock.advance(1_000);
    for (const text of ["b", "c", "d"]) {
      await ask(text);
      clock.advance(3_000);
    }
    await ask("e");
    clock.advance(3_000);
    clock.advance(3_000);
    expect((await end)?.message).toMatch(/no sign of life/);
  });

  test("is ended by a bug of who listens, which is not hidden as a lost link", async () => {
    const { address } = await echo();
    const stream = dialStream({ address, clock: new ManualClock(), windowBytes: 65_535 });
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    try {
      const crash = once(process, "uncaughtException");
      const end = new Promise<void>((resolve) =>
        stream.listen({
          onMessage: () => {
            throw new TypeError("a bug");
          },
          onEnd: () => resolve(),
        }),
      );
      stream.write(framed(Buffer.from("hello")), () => {});
      expect((await crash)[0]).toMatchObject({ message: "a bug" });
      await end;
    } finally {
      for (const other of others) process.on("uncaughtException", other);
    }
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
