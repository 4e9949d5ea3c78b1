import { KvringError, ManualClock, nowhere, silentLog, systemClock } from "@kvring/core";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { LargeBuffers } from "../memory/large-buffers.ts";
import { protocolVersion } from "./frame.ts";
import type { LookupRequest, NodeLink } from "./link.ts";
import { connectNode, type LinkOptions } from "./node-link.ts";
import { ExchangeServer } from "./server.ts";
import type { ExchangeHandler, ExchangeSession, KnownOperation } from "./session.ts";
import { poisonFrames } from "./testing/poisoned-frames.ts";
import { framed, requestOf, responseFrame, serveExchange } from "./testing/raw-peer.ts";
import { Transcript } from "./testing/transcript.ts";

/** Keeps what it is asked, and answers when and as the test says. */
class Obeying implements ExchangeHandler {
  readonly asked: { readonly session: ExchangeSession; readonly operation: KnownOperation }[] = [];
  #changed = Promise.withResolvers<void>();

  opened(): void {}

  closed(): void {}

  operate(session: ExchangeSession, operation: KnownOperation): void {
    this.asked.push({ session, operation: structuredClone(operation) });
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** The next operation that was not taken yet. */
  async next() {
    for (;;) {
      const asked = this.asked.shift();
      if (asked !== undefined) return { ...asked, id: asked.operation.id };
      await this.#changed.promise;
    }
  }
}

afterAll(poisonFrames());

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function serve(port = 0) {
  const handler = new Obeying();
  const server = new ExchangeServer({
    nodeId: "n1",
    handler,
    log: silentLog,
    clock: systemClock,
    ringVersion: () => 5,
  });
  const served = await serveExchange((stream) => server.accept(stream), { port });
  stops.push(served.stop);
  return { handler, ...served };
}

function connect(address: string, options: Partial<LinkOptions> = {}): NodeLink {
  const link = connectNode({
    nodeId: "n1",
    address,
    peerId: "gateway",
    log: silentLog,
    clock: systemClock,
    ...options,
  });
  stops.push(() => link.close());
  return link;
}

function reached(link: NodeLink, state: NodeLink["state"]): Promise<void> {
  return new Promise((resolve) => {
    if (link.state === state) resolve();
    const stop = link.onState((now) => {
      if (now !== state) return;
      stop();
      resolve();
    });
  });
}

async function linked(options: Partial<LinkOptions> = {}) {
  const served = await serve();
  const link = connect(served.address, options);
  await reached(link, "up");
  return { link, ...served };
}

const key = new Uint8Array(32).fill(1);
const token = new Uint8Array(16).fill(2);
const request: LookupRequest = {
  key,
  tenant: "",
  minBorn: nowhere,
  maxAgeMs: undefined,
  waitMs: 500,
};

describe("a link", () => {
  test("comes up, and both sides know the other's ring", async () => {
    const { link, handler } = await linked();
    expect(link.ringVersion).toBe(5);
    link.routeBy(7);
    const heard = new Transcript();
    link.lookup(request, heard);
    const { session, id } = await handler.next();
    expect(session).toMatchObject({ peerId: "gateway", ringVersion: 7 });
    session.missing(id);
    await expect(heard.end).resolves.toBe("missing");
  });

  test("asks what it is told to", async () => {
    const { link, handler } = await linked();
    link.lookup(
      { ...request, tenant: "t", minBorn: { epoch: 3, sequence: 4 }, maxAgeMs: 9.5, waitMs: 8.9 },
      new Transcript(),
    );
    expect((await handler.next()).operation).toMatchObject({
      kind: "lookup",
      tenant: "t",
      minBorn: { epoch: 3, sequence: 4 },
      maxAgeMs: 9.5,
      waitMs: 8,
      joinOnly: false,
      minTtlMs: 0,
    });
  });

  test("tells interim results and then one final one", async () => {
    const { link, handler } = await linked();
    const heard = new Transcript();
    link.lookup(request, heard);
    const { session, id } = await handler.next();
    session.waiting(id);
    session.granted(id, token, 0);
    session.found(id, { bytes: Buffer.from("answer") }, { waited: true, stored: true });
    session.found(id, { bytes: Buffer.from("again") }, { waited: true, stored: true });
    link.lookup(request, new Transcript());
    const other = await handler.next();
    session.missing(other.id);
    await heard.end;
    expect(heard.lines).toEqual([
      "waiting",
      `granted ${Buffer.from(token).toString("hex")}`,
      "found answer waited",
    ]);
  });

  test("tells failures and refusals as errors with their reasons", async () => {
    const { link, handler } = await linked();
    const failed = new Transcript();
    const refused = new Transcript();
    link.lookup(request, failed);
    link.lookup(request, refused);
    const first = await handler.next();
    first.session.failed(first.id, new KvringError("MODEL_FAILED", "a bad input"));
    const second = await handler.next();
    second.session.refused(second.id, new KvringError("DRAINING", "going away"));
    await expect(failed.end).resolves.toBe("failed MODEL_FAILED: a bad input");
    await expect(refused.end).resolves.toBe("refused DRAINING: going away");
  });

  test("tells nothing after a cancel, and has the node told", async () => {
    const { link, handler } = await linked();
    const heard = new Transcript();
    const cancel = link.lookup(request, heard);
    const { session, id } = await handler.next();
    cancel();
    expect((await handler.next()).operation).toMatchObject({ kind: "cancel", operationId: id });
    session.missing(id);
    link.lookup(request, new Transcript());
    await handler.next();
    expect(heard.lines).toEqual([]);
  });

  test("carries 4 MB both ways", async () => {
    const { link, handler } = await linked();
    const value = Buffer.alloc(4_000_000, "0123456789");
    const put = link.put({ key, token, entry: value, store: true });
    const asked = await handler.next();
    expect(asked.operation).toMatchObject({ kind: "put", store: true, bulkBytes: value.length });
    if (asked.operation.kind !== "put") throw new Error("a put is a put");
    expect(value.equals(asked.operation.entry)).toBe(true);
    asked.session.done(asked.id, true);
    await expect(put).resolves.toBe(true);

    const heard = new Transcript();
    link.lookup(request, heard);
    const lookup = await handler.next();
    lookup.session.found(lookup.id, { bytes: value }, { waited: false, stored: true });
    await heard.end;
    expect(value.equals(heard.entry ?? Buffer.alloc(0))).toBe(true);
  });

  test("lends large values that are found, and uses their memory again", async () => {
    const memory = new LargeBuffers(16_000_000);
    const { link, handler } = await linked({ memory });
    const seen: Uint8Array[] = [];
    for (const byte of [1, 2, 3]) {
      const found = Promise.withResolvers<void>();
      const onFound = (entry: Uint8Array): void => {
        expect(Buffer.compare(entry, Buffer.alloc(1_000_000, byte))).toBe(0);
        expect(memory.idleBytes).toBe(0);
        seen.push(entry);
        found.resolve();
      };
      link.lookup(request, Object.assign(new Transcript(), { onFound }));
      const { session, id } = await handler.next();
      const how = { waited: false, stored: true };
      session.found(id, { bytes: Buffer.alloc(1_000_000, byte) }, how);
      await found.promise;
    }
    expect(new Set(seen.map(({ buffer }) => buffer)).size).toBe(1);
    expect(memory.idleBytes).toBe(seen[0]?.buffer.byteLength);
  });

  test("carries a staged input to its worker", async () => {
    const { link, handler } = await linked();
    for (const input of [Buffer.alloc(100, 7), Buffer.alloc(100_000, 8)]) {
      const staged = link.stage({ key, token, input });
      const stage = await handler.next();
      if (stage.operation.kind !== "stage") throw new Error("a stage is a stage");
      const begun = link.begin({ key, token });
      const begin = await handler.next();
      stage.session.done(stage.id, true);
      begin.session.begun(begin.id, { input: stage.operation.input, remainingMs: 300.7 });
      await expect(staged).resolves.toBe(true);
      const result = await begun;
      expect(result).toMatchObject({ alive: true, remainingMs: 300 });
      if (result.alive) expect(input.equals(result.input ?? Buffer.alloc(0))).toBe(true);
    }
    const dead = link.begin({ key, token });
    const { session, id } = await handler.next();
    session.begun(id, undefined);
    await expect(dead).resolves.toEqual({ alive: false });
  });

  test("does keep, fail and release", async () => {
    const { link, handler } = await linked();
    const error = new KvringError("MODEL_CRASHED", "it died");
    const asked = [
      link.keep({ key, token }),
      link.fail({ key, token, error }),
      link.release({ key, token }),
    ];
    for (const kind of ["keep", "fail", "release"]) {
      const { session, operation, id } = await handler.next();
      expect(operation).toMatchObject({ kind, token: Uint8Array.from(token) });
      session.done(id, kind !== "keep");
    }
    await expect(Promise.all(asked)).resolves.toEqual([false, true, true]);
  });

  test("refuses what it cannot carry", async () => {
    const { link } = await linked({ transferBytes: 100_000 });
    const put = (bytes: number) =>
      link.put({ key, token: undefined, entry: new Uint8Array(bytes), store: true });
    await expect(put(65 * 1024 * 1024)).rejects.toMatchObject({ reason: "MESSAGE_TOO_LARGE" });
    await expect(put(100_001)).rejects.toMatchObject({ reason: "QUEUE_FULL" });
  });

  test("refuses operations when the node does not read them", async () => {
    const { address } = await stubborn({ creditBytes: 1000 });
    const link = connect(address, { queueBytes: 10_000 });
    await reached(link, "up");
    const heard = Array.from({ length: 400 }, () => new Transcript());
    for (const one of heard) link.lookup(request, one);
    await expect(heard.at(-1)?.end).resolves.toMatch(/^refused QUEUE_FULL/);
    expect(heard[0]?.lines).toEqual([]);
  });

  test("gives up on an operation that is not answered", async () => {
    const clock = new ManualClock();
    const { link, handler } = await linked({ clock, operationTimeoutMs: 100 });
    const early = link.keep({ key, token });
    await handler.next();
    clock.advance(60);
    const late = link.keep({ key, token });
    const { session, id } = await handler.next();
    clock.advance(60);
    await expect(early).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    session.done(id, true);
    await expect(late).resolves.toBe(true);
  });
});

describe("a link that is lost", () => {
  test("fails everything under way once, and comes back", async () => {
    const { link, handler, port, stop } = await linked();
    const heard = new Transcript();
    link.lookup(request, heard);
    const keep = link.keep({ key, token });
    const put = link.put({ key, token, entry: new Uint8Array(100_000), store: true });
    await handler.next();
    stop();
    await expect(keep).rejects.toMatchObject({ reason: "LINK_LOST" });
    await expect(put).rejects.toMatchObject({ reason: "LINK_LOST" });
    await expect(heard.end).resolves.toMatch(/^refused LINK_LOST: no link to n1/);
    expect(heard.lines).toHaveLength(1);
    expect(link.state).toBe("connecting");

    const again = await serve(port);
    await reached(link, "up");
    const later = new Transcript();
    link.lookup(request, later);
    const { session, id } = await again.handler.next();
    session.missing(id);
    await expect(later.end).resolves.toBe("missing");
  });

  test("refuses at once, but not before lookup has returned", async () => {
    const link = connect("127.0.0.1:1");
    const heard = new Transcript();
    link.lookup(request, heard);
    expect(heard.lines).toEqual([]);
    await expect(heard.end).resolves.toMatch(/^refused LINK_LOST/);
    await expect(link.keep({ key, token })).rejects.toMatchObject({ reason: "LINK_LOST" });
    const cancelled = new Transcript();
    link.lookup(request, cancelled)();
    await Promise.resolve();
    expect(cancelled.lines).toEqual([]);
  });

  test("stays closed when it was closed", async () => {
    const { link, handler } = await linked();
    const heard = new Transcript();
    link.lookup(request, heard);
    await handler.next();
    await link.close();
    await expect(heard.end).resolves.toMatch(/it was closed/);
    expect(link.state).toBe("closed");
    await expect(link.keep({ key, token })).rejects.toMatchObject({ reason: "LINK_LOST" });
  });
});

/** A node that says hello as it is told, and nothing more. */
function stubborn(hello: { creditBytes?: number; protocolVersion?: number; peerId?: string }) {
  return serveExchange((stream) => {
    stream.listen({
      onMessage(message) {
        const asked = requestOf(message).hello;
        if (asked === undefined) throw new Error("a link begins with a hello");
        const said = { ...asked, protocolVersion, peerId: "n1", ...hello };
        stream.write(framed(responseFrame({ hello: said })), () => {});
      },
      onEnd: () => stream.end(undefined),
    });
  }).then((served) => {
    stops.push(served.stop);
    return served;
  });
}

describe("a link does not come up", () => {
  async function firstRefusal(address: string, options: Partial<LinkOptions> = {}) {
    const warned = Promise.withResolvers<string>();
    const log = { ...silentLog, warn: (_: object, message: string) => warned.resolve(message) };
    const link = connect(address, { log, ...options });
    const message = await warned.promise;
    expect(link.state).toBe("connecting");
    return message;
  }

  test("with a node of another version, and says both", async () => {
    const { address } = await stubborn({ protocolVersion: 2 });
    expect(await firstRefusal(address)).toMatch(/version 1 .*n1 version 2/);
  });

  test("with another node than the one that was meant", async () => {
    const { address } = await stubborn({ peerId: "n2" });
    expect(await firstRefusal(address)).toMatch(/n2 listens at .*, not n1/);
  });

  test("with a node that says nothing", async () => {
    const { address } = await serveExchange(() => {}).then((served) => {
      stops.push(served.stop);
      return served;
    });
    const clock = new ManualClock();
    const refusal = firstRefusal(address, { clock });
    clock.advance(5_000);
    expect(await refusal).toMatch(/no hello came in time/);
  });
});
