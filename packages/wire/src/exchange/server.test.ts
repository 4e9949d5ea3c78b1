import { status } from "@grpc/grpc-js";
import { ManualClock, silentLog } from "@kvring/core";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { decodeStatus } from "../grpc/errors.ts";
import type { LookupOperation, Operation } from "./operation.ts";
import { ExchangeServer, type ExchangeServerOptions } from "./server.ts";
import type { ExchangeHandler, ExchangeSession, KnownOperation } from "./session.ts";
import { poisonFrames } from "./testing/poisoned-frames.ts";
import { RawLane, rawSession, serveExchange, ways } from "./testing/raw-peer.ts";

/** Answers a lookup with as many bytes as its key has, times a thousand. */
class Answering implements ExchangeHandler {
  readonly open = new Set<ExchangeSession>();
  readonly seen: KnownOperation[] = [];
  closings = 0;
  releases = 0;

  opened(session: ExchangeSession): void {
    this.open.add(session);
  }

  operate(session: ExchangeSession, operation: KnownOperation): void {
    this.seen.push(operation);
    if (operation.kind === "lookup") {
      const bytes = Buffer.alloc(operation.key.length * 1000, operation.id % 256);
      const release = () => {
        this.releases += 1;
      };
      session.found(operation.id, { bytes, release }, { waited: false, stored: true });
    } else if (operation.kind === "keep") {
      throw new Error("the handler has a bug");
    } else {
      session.done(operation.id, true);
    }
  }

  closed(session: ExchangeSession): void {
    this.open.delete(session);
    this.closings += 1;
  }
}

function nextClose(handler: Answering): Promise<void> {
  return new Promise((resolve) => {
    const closed = handler.closed.bind(handler);
    handler.closed = (session) => {
      closed(session);
      resolve();
    };
  });
}

afterAll(poisonFrames());

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
});

async function serve(way: (typeof ways)[number], options: Partial<ExchangeServerOptions> = {}) {
  const handler = new Answering();
  const clock = new ManualClock();
  const server = new ExchangeServer({ nodeId: "n1", handler, log: silentLog, clock, ...options });
  const { address, stop } = await serveExchange((stream) => server.accept(stream), { way });
  stops.push(stop);
  return { server, handler, clock, address };
}

async function join(address: string, fields = {}) {
  const session = await rawSession(address, fields);
  stops.push(session.close);
  return session;
}

function lane(address: string): RawLane {
  const one = new RawLane(address);
  stops.push(() => one.close());
  return one;
}

function lookup(id: number, kilobytes: number): LookupOperation {
  const minBorn = { epoch: 0, sequence: 0 };
  const key = new Uint8Array(kilobytes);
  return {
    kind: "lookup",
    id,
    key,
    tenant: "",
    minBorn,
    maxAgeMs: undefined,
    waitMs: 0,
    joinOnly: false,
    minTtlMs: 0,
  };
}

const head = { key: new Uint8Array(), tenant: "", token: new Uint8Array() };

describe.each(ways)("a session, %s", (way) => {
  test("joins its two lanes, and ends with either", async () => {
    const { server, handler, address } = await serve(way);
    const { small, bulk } = await join(address);
    expect(server.sessions).toBe(1);
    expect([...handler.open].map(({ peerId }) => peerId)).toEqual(["raw"]);
    bulk.stream.end();
    await expect(small.ended).resolves.toMatchObject({ code: status.OK });
    expect(server.sessions).toBe(0);
    expect(handler.closings).toBe(1);
  });

  test("greets with the node's name, version and window", async () => {
    const { address } = await serve(way, { windowBytes: 4711, ringVersion: () => 8 });
    const { small } = await join(address);
    expect(small.received[0]).toMatchObject({
      hello: { protocolVersion: 1, peerId: "n1", sessionId: "s1", creditBytes: 4711 },
      ringVersion: 8,
    });
  });

  test("answers all of a frame in one frame", async () => {
    const { address } = await serve(way);
    const { small } = await join(address);
    small.send({ items: Array.from({ length: 50 }, (_, id) => lookup(id, 1)) });
    await small.until(() => small.results().length === 50);
    expect(small.received.filter(({ items }) => items.length > 0)).toHaveLength(1);
  });

  test("of another version is refused, naming both", async () => {
    const { address } = await serve(way);
    const small = lane(address);
    small.hello("small", { protocolVersion: 2 });
    const error = decodeStatus(await small.ended);
    expect(error).toMatchObject({ reason: "PROTOCOL_VERSION", code: "FAILED_PRECONDITION" });
    expect(error.message).toMatch(/version 1 .*version 2/);
  });

  test.each([
    ["says no hello", (one: RawLane) => one.send({ items: [lookup(1, 1)] })],
    ["names nobody", (one: RawLane) => one.hello("small", { peerId: "" })],
    ["has no end of a name", (one: RawLane) => one.hello("small", { sessionId: "s".repeat(257) })],
    ["sends no frame", (one: RawLane) => one.stream.write(Buffer.from([0xff, 0xff]))],
  ])("that %s is refused", async (_, speak) => {
    const { address } = await serve(way);
    const one = lane(address);
    speak(one);
    expect(decodeStatus(await one.ended).reason).toBe("MESSAGE_MALFORMED");
  });

  test("has each lane once, and one peer", async () => {
    const { address, handler } = await serve(way);
    await join(address);
    const again = lane(address);
    again.hello("small");
    expect(decodeStatus(await again.ended).reason).toBe("MESSAGE_MALFORMED");
    const stranger = lane(address);
    stranger.hello("bulk", { peerId: "stranger" });
    expect(decodeStatus(await stranger.ended).reason).toBe("MESSAGE_MALFORMED");
    expect(handler.closings).toBe(0);
  });

  test("that never joins its other lane is ended", async () => {
    const { address, clock, server, handler } = await serve(way, { joinTimeoutMs: 100 });
    const small = lane(address);
    small.hello("small");
    await small.until(({ received }) => received.length > 0);
    clock.advance(100);
    expect(decodeStatus(await small.ended).reason).toBe("DEADLINE_EXCEEDED");
    expect(server.sessions).toBe(0);
    expect(handler.closings).toBe(0);
  });

  test("is one too many beyond the bound", async () => {
    const { address } = await serve(way, { maxSessions: 1 });
    await join(address);
    const small = lane(address);
    small.hello("small", { sessionId: "s2" });
    expect(decodeStatus(await small.ended).reason).toBe("QUEUE_FULL");
  });

  test("ends when the server closes, saying so", async () => {
    const { address, server } = await serve(way);
    const { small, bulk } = await join(address);
    server.close();
    expect(decodeStatus(await small.ended).reason).toBe("DRAINING");
    expect(decodeStatus(await bulk.ended).reason).toBe("DRAINING");
  });
});

describe.each(ways)("an operation, %s", (way) => {
  test("of a later version is refused by its number", async () => {
    const { address } = await serve(way);
    const { small } = await join(address);
    const unknown: Operation = { ...head, kind: "unknown", id: 5, field: 12 };
    small.send({ items: [unknown, lookup(6, 1)] });
    await small.until(() => small.results().length === 2);
    const [refused, found] = small.results();
    expect(refused).toMatchObject({ kind: "refused", id: 5, reason: "UNKNOWN_OPERATION" });
    expect(refused).toHaveProperty("message", expect.stringMatching(/operation 12 .*lookup \(4\)/));
    expect(found).toMatchObject({ kind: "found", id: 6 });
  });

  test("that the handler fails at is refused, and the session goes on", async () => {
    const { address } = await serve(way);
    const { small } = await join(address);
    small.send({ items: [{ ...head, kind: "keep", id: 1 }] });
    small.send({ items: [{ ...head, kind: "begin", id: 2 }] });
    await small.until(() => small.results().length === 2);
    expect(small.results()).toMatchObject([
      { kind: "refused", reason: "INTERNAL" },
      { kind: "done", id: 2 },
    ]);
  });
});

describe.each(ways)("a value in chunks, %s", (way) => {
  const put = { ...head, kind: "put", entry: new Uint8Array(), store: true } as const;

  test("is put together", async () => {
    const { address, handler } = await serve(way);
    const { small, bulk } = await join(address);
    const value = Buffer.from("abcdefgh");
    bulk.send({
      items: [{ ...put, id: 1, bulkBytes: 8 }],
      chunk: { operationId: 1, offset: 0, bytes: value.subarray(0, 3) },
    });
    bulk.send({ chunk: { operationId: 1, offset: 3, bytes: value.subarray(3) } });
    await small.until(() => small.results().length === 1);
    expect(handler.seen).toMatchObject([{ kind: "put", entry: value }]);
  });

  test.each([
    ["skips", { operationId: 1, offset: 1, bytes: Buffer.from("b") }],
    ["is longer than announced", { operationId: 1, offset: 0, bytes: Buffer.alloc(9) }],
    ["is empty", { operationId: 1, offset: 0, bytes: Buffer.alloc(0) }],
    ["was never announced", { operationId: 2, offset: 0, bytes: Buffer.from("b") }],
  ])("that %s ends the session", async (_, chunk) => {
    const { address } = await serve(way);
    const { small, bulk } = await join(address);
    bulk.send({ items: [{ ...put, id: 1, bulkBytes: 8 }], chunk });
    expect(decodeStatus(await small.ended).reason).toBe("MESSAGE_MALFORMED");
  });

  test("is refused before memory is taken for it", async () => {
    const { address, handler } = await serve(way, { arrivingBytes: 10 });
    const { small, bulk } = await join(address);
    bulk.send({ items: [{ ...put, id: 1, bulkBytes: 11 }] });
    bulk.send({ chunk: { operationId: 1, offset: 0, bytes: Buffer.alloc(11) } });
    bulk.send({
      items: [{ ...put, id: 2, bulkBytes: 10 }],
      chunk: { operationId: 2, offset: 0, bytes: Buffer.alloc(10) },
    });
    await small.until(() => small.results().length === 2);
    expect(small.results()).toMatchObject([
      { kind: "refused", id: 1, reason: "QUEUE_FULL" },
      { kind: "done", id: 2 },
    ]);
    expect(handler.seen).toHaveLength(1);
  });

  test("beyond the bound of one message ends the session", async () => {
    const { address } = await serve(way);
    const { small, bulk } = await join(address);
    bulk.send({ items: [{ ...put, id: 1, bulkBytes: 2 ** 40 }] });
    expect(decodeStatus(await small.ended).reason).toBe("MESSAGE_TOO_LARGE");
  });

  test("takes turns with others, and is released when it was sent", async () => {
    const { address, handler } = await serve(way);
    const { small, bulk } = await join(address);
    small.send({ items: [lookup(1, 200), lookup(2, 200)] });
    const last = ({ received }: RawLane) =>
      received.filter(({ chunk }) => chunk !== undefined).length === 8;
    await bulk.until(last);
    const chunks = bulk.received.flatMap(({ chunk }) => (chunk === undefined ? [] : [chunk]));
    expect(chunks.map(({ operationId }) => operationId)).toEqual([1, 2, 1, 2, 1, 2, 1, 2]);
    expect(chunks.map(({ bytes }) => bytes[0])).toEqual([1, 2, 1, 2, 1, 2, 1, 2]);
    expect(handler.releases).toBe(2);
  });

  test("is dropped when its asker cancels before it began", async () => {
    const { address, handler } = await serve(way);
    const { small, bulk } = await join(address, { creditBytes: 150_000 });
    small.send({ items: [1, 2, 3, 4, 5].map((id) => lookup(id, 200)) });
    small.send({ items: [{ ...head, kind: "cancel", id: 9, operationId: 5 }] });
    await small.until(() => small.results().length === 1);
    expect(handler.releases).toBe(1);
    bulk.send({ creditBytes: 1e9 });
    await bulk.until(() => handler.releases === 5);
    expect(bulk.results().map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  });

  test("is released when its peer goes before it was sent", async () => {
    const { address, handler } = await serve(way);
    const { small, bulk } = await join(address, { creditBytes: 100_000 });
    const closed = nextClose(handler);
    small.send({ items: [1, 2, 3, 4, 5, 6].map((id) => lookup(id, 200)) });
    await bulk.until(({ receivedBytes }) => receivedBytes > 0);
    expect(handler.releases).toBe(0);
    bulk.stream.cancel();
    await closed;
    expect(handler.releases).toBe(6);
  });

  test("is refused when too much waits for the peer already", async () => {
    const { address, handler } = await serve(way, { transferBytes: 150_000 });
    const { small } = await join(address, { creditBytes: 0 });
    small.send({ creditBytes: 10_000, items: [lookup(1, 100), lookup(2, 100)] });
    await small.until(() => small.results().length === 1);
    expect(small.results()).toMatchObject([{ kind: "refused", id: 2, reason: "QUEUE_FULL" }]);
    expect(handler.releases).toBe(1);
  });
});

describe.each(ways)("a peer, %s", (way) => {
  test("gets no more than its credit", async () => {
    const { address } = await serve(way);
    const { small, bulk } = await join(address, { creditBytes: 150_000 });
    small.send({ items: [...Array(10)].map((_, id) => lookup(id, 30)) });
    small.send({ items: [lookup(10, 1000)] });
    await small.until(({ receivedBytes }) => receivedBytes > 60_000);
    await bulk.until(({ receivedBytes }) => receivedBytes > 60_000);
    // An answer to what came later than everything else: all that may be sent was sent.
    const other = await join(address, { sessionId: "s2" });
    other.small.send({ items: [lookup(1, 1)] });
    await other.small.until(() => other.small.results().length === 1);
    expect(small.receivedBytes).toBeLessThanOrEqual(150_000);
    expect(bulk.receivedBytes).toBeLessThanOrEqual(150_000);
    expect(small.results().length).toBeLessThan(10);
    small.send({ creditBytes: 1_000_000 });
    bulk.send({ creditBytes: 2_000_000 });
    await small.until(() => small.results().length === 10);
    await bulk.until(({ receivedBytes }) => receivedBytes > 1_000_000);
  });

  test("that sends more than its credit is cut off", async () => {
    const { address } = await serve(way, { windowBytes: 1000 });
    const { small } = await join(address);
    small.send({ items: [lookup(1, 1001)] });
    expect(decodeStatus(await small.ended)).toMatchObject({
      reason: "QUEUE_FULL",
      code: "RESOURCE_EXHAUSTED",
    });
  });

  test("gets its credit back when a quarter of it was taken in", async () => {
    const { address } = await serve(way, { windowBytes: 4000 });
    const { bulk } = await join(address);
    const put = { ...head, kind: "put", entry: Buffer.alloc(1200), bulkBytes: 0, store: true };
    bulk.send({ items: [{ ...put, id: 1 } as Operation] });
    await bulk.until(({ received }) => received.length === 2);
    expect(bulk.received[1]?.creditBytes).toBeGreaterThan(1200);
  });

  test("that does not read is cut off, and told why when it reads again", async () => {
    const { address, handler, server } = await serve(way, { queueBytes: 1_000_000 });
    const { small } = await join(address);
    small.stream.pause();
    const cutOff = nextClose(handler);
    for (let id = 0; id < 1000; id += 1) small.send({ items: [lookup(id, 30)] });
    await cutOff;
    expect(server.sessions).toBe(0);
    small.stream.resume();
    const error = decodeStatus(await small.ended);
    expect(error).toMatchObject({ reason: "QUEUE_FULL", code: "RESOURCE_EXHAUSTED" });
    expect(error.message).toMatch(/raw does not read/);
  });
});
