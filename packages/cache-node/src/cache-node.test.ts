import { Client, credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import {
  Entry,
  encodeEntry,
  KvringError,
  limits,
  ManualClock,
  nowhere,
  type Position,
  silentLog,
  systemClock,
} from "@kvring/core";
import { bindServer, connectNode, loadServices, type NodeLink } from "@kvring/wire";
import { poisonFrames } from "@kvring/wire/testing";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { createCacheNode } from "./cache-node.ts";
import { Asker, at, key } from "./testing/asker.ts";

// Both ends of a link are in this process: no test here may read a frame past its time.
afterAll(poisonFrames());

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const MiB = 1024 * 1024;

/** A node on loopback whose time stands still unless the test moves it. */
async function serve(options: { capacityBytes?: number; stagedBytes?: number } = {}) {
  const clock = new ManualClock();
  const node = createCacheNode({
    id: "n1",
    zone: "z1",
    capacityBytes: 64 * MiB,
    policy: "lru",
    clock,
    log: silentLog,
    ringVersion: () => 3,
    ...options,
  });
  const server = new Server();
  node.addTo(server);
  const port = await bindServer(server, "127.0.0.1:0", ServerCredentials.createInsecure());
  expect(node.hasten(server)).toBe(true);
  stops.push(() => server.forceShutdown());
  return { node, clock, address: `127.0.0.1:${port}` };
}

async function connect(address: string, peerId = "g1"): Promise<NodeLink> {
  const link = connectNode({
    nodeId: "n1",
    address,
    peerId,
    log: silentLog,
    clock: systemClock,
  });
  stops.push(() => link.close());
  await new Promise<void>((resolve) => link.onState((state) => state === "up" && resolve()));
  return link;
}

function entryOf(text: string | Buffer, fields: { born?: Position; ttlMs?: number } = {}) {
  return encodeEntry(
    {
      born: at(1),
      ageMs: 0,
      ttlMs: 60_000,
      costMs: 4,
      digest: "ab".repeat(32),
      scopes: [1n, 2n],
      ...fields,
    },
    Buffer.from(text),
  );
}

function bodyOf(asker: Asker): string {
  return Buffer.from(new Entry(asker.entry ?? new Uint8Array()).body).toString();
}

const replica = { key, token: undefined, store: true };

describe("an entry", () => {
  test("is found with its age and remaining life", async () => {
    const { clock, address } = await serve();
    const link = await connect(address);
    await expect(link.put({ ...replica, entry: entryOf("answer") })).resolves.toBe(true);
    clock.advance(1_500);
    const asker = new Asker(link);
    expect(await asker.next()).toBe("found");
    expect(bodyOf(asker)).toBe("answer");
    expect(new Entry(asker.entry ?? new Uint8Array()).header).toMatchObject({
      born: at(1),
      ageMs: 1_500,
      ttlMs: 58_500,
      scopes: [1n, 2n],
    });
  });

  test("of 4 MB is stored and found whole, with its life", async () => {
    const { clock, address } = await serve();
    const link = await connect(address);
    const body = Buffer.alloc(4_000_000, "0123456789abc");
    await expect(link.put({ ...replica, entry: entryOf(body) })).resolves.toBe(true);
    clock.advance(500);
    const askers = [new Asker(link), new Asker(link)];
    for (const asker of askers) {
      expect(await asker.next()).toBe("found");
      const entry = new Entry(asker.entry ?? new Uint8Array());
      expect(entry).toMatchObject({ ageMs: 500, ttlMs: 59_500 });
      expect(body.equals(entry.body)).toBe(true);
    }
  });

  test("of 30 KB comes whole, also with many others in a frame", async () => {
    const { address } = await serve();
    const link = await connect(address);
    const keys = Array.from({ length: 40 }, (_, number) => new Uint8Array(32).fill(number));
    const bodies = keys.map((_, number) => Buffer.alloc(30_000 + number, `${number},`));
    const put = keys.map((one, number) =>
      link.put({ ...replica, key: one, entry: entryOf(bodies[number] ?? "") }),
    );
    expect(await Promise.all(put)).not.toContain(false);
    const askers = keys.map((one) => new Asker(link, { key: one }));
    for (const [number, asker] of askers.entries()) {
      expect(await asker.next()).toBe("found");
      const { body } = new Entry(asker.entry ?? new Uint8Array());
      expect(bodies[number]?.equals(body)).toBe(true);
    }
  });

  test("is missing when it expired, is too old for the asker, or was born too early", async () => {
    const { clock, address } = await serve();
    const link = await connect(address);
    await link.put({ ...replica, entry: entryOf("answer", { born: at(5), ttlMs: 1_000 }) });
    clock.advance(400);
    const now = { waitMs: 0 };
    expect(await new Asker(link, { ...now, minBorn: at(5), maxAgeMs: 400 }).next()).toBe("found");
    expect(await new Asker(link, { ...now, minBorn: at(5), maxAgeMs: 399 }).next()).toBe("missing");
    expect(await new Asker(link, { ...now, minBorn: at(6) }).next()).toBe("missing");
    expect(await new Asker(link, { ...now, minBorn: at(1, 2) }).next()).toBe("missing");
    clock.advance(600);
    expect(await new Asker(link, { ...now, minBorn: at(5) }).next()).toBe("missing");
  });

  test("gives way to what was born later, and only to that", async () => {
    const { address } = await serve();
    const link = await connect(address);
    const put = (text: string, born: Position) =>
      link.put({ ...replica, entry: entryOf(text, { born }) });
    await expect(put("newer", at(5))).resolves.toBe(true);
    await expect(put("older", at(4))).resolves.toBe(false);
    await expect(put("again", at(5))).resolves.toBe(true);
    await expect(put("after the log was re-created", at(1, 2))).resolves.toBe(true);
    const asker = new Asker(link, { minBorn: at(1, 2) });
    expect(await asker.next()).toBe("found");
    expect(bodyOf(asker)).toBe("after the log was re-created");
  });

  test("without life left is not kept, one with too much gets the longest there is", async () => {
    const { address } = await serve();
    const link = await connect(address);
    for (const ttlMs of [0, -1, Number.NaN]) {
      await expect(link.put({ ...replica, entry: entryOf("no", { ttlMs }) })).resolves.toBe(false);
    }
    await link.put({ ...replica, entry: entryOf("yes", { ttlMs: Number.POSITIVE_INFINITY }) });
    const asker = new Asker(link);
    await asker.next();
    expect(new Entry(asker.entry ?? new Uint8Array()).ttlMs).toBe(limits.entryTtlMs);
  });

  test("that is none is refused and harms nothing", async () => {
    const { address } = await serve();
    const link = await connect(address);
    await expect(link.put({ ...replica, entry: Buffer.from("?") })).rejects.toMatchObject({
      reason: "ENTRY_MALFORMED",
    });
    await expect(
      link.put({ ...replica, key: new Uint8Array(31), entry: entryOf("x") }),
    ).rejects.toMatchObject({ reason: "MESSAGE_MALFORMED" });
    expect(await new Asker(link, { waitMs: 0 }).next()).toBe("missing");
  });
});

describe("a computation", () => {
  test("is given to one asker of a thousand, and its result to all", async () => {
    const { node, address } = await serve();
    const links = [await connect(address, "g1"), await connect(address, "g2")];
    const askers = Array.from(
      { length: 1_000 },
      (_, index) => new Asker(links[index % 2] ?? links[0] ?? expect.unreachable()),
    );
    const first = await Promise.all(askers.map((asker) => asker.next()));
    expect(first.filter((line) => line === "granted")).toHaveLength(1);
    expect(first.filter((line) => line === "waiting")).toHaveLength(999);
    const holder = askers.find(({ tokens }) => tokens.length > 0);
    const worker = await connect(address, "w1");
    const { token = expect.unreachable() } = holder ?? {};
    await expect(worker.put({ key, token, entry: entryOf("answer"), store: true })).resolves.toBe(
      true,
    );
    const last = await Promise.all(askers.map((asker) => asker.next()));
    expect(last.filter((line) => line === "found")).toHaveLength(1);
    expect(last.filter((line) => line === "found waited")).toHaveLength(999);
    expect(node.stats()).toMatchObject({ grants: 1, waits: 999, openTokens: 0, misses: 1_000 });
  });

  test("that is not to be stored wakes its waiters only", async () => {
    const { node, address } = await serve();
    const link = await connect(address);
    const asker = new Asker(link);
    expect(await asker.next()).toBe("granted");
    const put = { key, token: asker.token, entry: entryOf("once"), store: false };
    await expect(link.put(put)).resolves.toBe(false);
    expect(await asker.next()).toBe("found");
    expect(bodyOf(asker)).toBe("once");
    expect(node.stats().entries).toBe(0);
  });

  test("of a large answer reaches all its waiters", async () => {
    const { address } = await serve();
    const link = await connect(address);
    const body = Buffer.alloc(300_000, "xyz");
    const askers = [new Asker(link), new Asker(link), new Asker(link)];
    const [holder = expect.unreachable()] = askers;
    for (const asker of askers) await asker.next();
    await link.put({ key, token: holder.token, entry: entryOf(body), store: true });
    for (const asker of askers) {
      expect(await asker.next()).toBe(asker === holder ? "found" : "found waited");
      expect(body.equals(new Entry(asker.entry ?? new Uint8Array()).body)).toBe(true);
    }
  });

  test("takes its staged input along, and lives on its worker's signs", async () => {
    const { node, clock, address } = await serve();
    const link = await connect(address);
    const worker = await connect(address, "w1");
    const asker = new Asker(link);
    await asker.next();
    const { token } = asker;
    const input = Buffer.alloc(200_000, "in");
    await expect(link.stage({ key, token, input })).resolves.toBe(true);
    expect(node.stats().stagedBytes).toBe(input.length);
    const begun = await worker.begin({ key, token });
    expect(begun).toMatchObject({ alive: true, remainingMs: 10_000 });
    if (begun.alive) expect(input.equals(begun.input ?? Buffer.alloc(0))).toBe(true);
    clock.advance(4_000);
    await expect(worker.keep({ key, token })).resolves.toBe(true);
    clock.advance(4_999);
    expect(asker.lines).toEqual([]);
    clock.advance(1);
    // The worker has been silent for five seconds.
    expect(await asker.next()).toBe("granted");
    expect(node.stats().stagedBytes).toBe(0);
    await expect(worker.keep({ key, token })).resolves.toBe(false);
    await expect(worker.begin({ key, token })).resolves.toEqual({ alive: false });
    clock.advance(1_000);
    expect(await asker.next()).toBe("refused DEADLINE_EXCEEDED");
  });

  test("that fails fails its waiters, and is not remembered", async () => {
    const { address } = await serve();
    const link = await connect(address);
    const askers = [new Asker(link), new Asker(link)];
    for (const asker of askers) await asker.next();
    const error = new KvringError("MODEL_FAILED", "dimension 3 is odd");
    const [holder = expect.unreachable()] = askers;
    await expect(link.fail({ key, token: holder.token, error })).resolves.toBe(true);
    for (const asker of askers) {
      expect(await asker.next()).toBe("failed MODEL_FAILED dimension 3 is odd");
    }
    expect(await new Asker(link).next()).toBe("granted");
  });

  test("passes on when it is released, cancelled by all, or its gateway dies", async () => {
    const { address } = await serve();
    const link = await connect(address);
    const other = await connect(address, "g2");
    const first = new Asker(link);
    expect(await first.next()).toBe("granted");
    const second = new Asker(other);
    expect(await second.next()).toBe("waiting");
    await expect(link.release({ key, token: first.token })).resolves.toBe(true);
    expect(await first.next()).toBe("missing");
    expect(await second.next()).toBe("granted");

    const third = new Asker(link);
    expect(await third.next()).toBe("waiting");
    await other.close();
    expect(await third.next()).toBe("granted");
    third.cancel();
    await expect(link.keep({ key, token: third.token })).resolves.toBe(false);
  });

  test("is not staged for beyond the bound", async () => {
    const { address } = await serve({ stagedBytes: 100_000 });
    const link = await connect(address);
    const asker = new Asker(link);
    await asker.next();
    const stage = link.stage({ key, token: asker.token, input: new Uint8Array(100_001) });
    await expect(stage).rejects.toMatchObject({ reason: "QUEUE_FULL", code: "RESOURCE_EXHAUSTED" });
  });
});

describe("a node that drains", () => {
  test("serves what is here and under way, and begins nothing", async () => {
    const { node, address } = await serve();
    const link = await connect(address);
    const kept = new Uint8Array(32).fill(8);
    const absent = new Uint8Array(32).fill(9);
    await link.put({ ...replica, key: kept, entry: entryOf("kept") });
    const asker = new Asker(link);
    await asker.next();
    const drained = node.drain(1_000);
    expect(node.state).toBe("draining");
    expect(await new Asker(link, { key: kept }).next()).toBe("found");
    expect(await new Asker(link).next()).toBe("waiting");
    expect(await new Asker(link, { key: absent }).next()).toBe("refused DRAINING");
    expect(await new Asker(link, { key: absent, waitMs: 0 }).next()).toBe("refused DRAINING");
    await link.put({ key, token: asker.token, entry: entryOf("answer"), store: true });
    await expect(drained).resolves.toBe(true);
    expect(await asker.next()).toBe("found");
  });

  test("gives up at its deadline", async () => {
    const { node, clock, address } = await serve();
    const asker = new Asker(await connect(address));
    await asker.next();
    const drained = node.drain(1_000);
    clock.advance(1_000);
    await expect(drained).resolves.toBe(false);
  });

  test("tells its peers when it closes", async () => {
    const { node, address } = await serve();
    const link = await connect(address);
    const asker = new Asker(link);
    await asker.next();
    node.close();
    expect(await asker.next()).toBe("refused LINK_LOST");
  });
});

describe("the node's other calls", () => {
  test("tell its statistics, and drain it", async () => {
    const { node, clock, address } = await serve();
    const link = await connect(address);
    await link.put({ ...replica, entry: entryOf("answer") });
    await new Asker(link).next();
    await new Asker(link, { waitMs: 0, minBorn: nowhere }).next();
    clock.advance(250);
    const { CacheNode } = loadServices().kvring.v1;
    const client = new CacheNode(address, credentials.createInsecure());
    stops.push(() => client.close());
    expect(client).toBeInstanceOf(Client);
    const stats = await new Promise((resolve, reject) => {
      client.stats({}, (error, response) => (error ? reject(error) : resolve(response)));
    });
    expect(stats).toMatchObject({
      nodeId: "n1",
      zone: "z1",
      state: "serving",
      ringVersion: "3",
      capacityBytes: String(64 * MiB),
      usedBytes: String(node.stats().usedBytes),
      entries: "1",
      policy: "lru",
      hits: "1",
      misses: "1",
      puts: "1",
      sessions: "1",
      openTokens: "0",
      uptimeMs: 250,
    });
    const answer = await new Promise((resolve, reject) => {
      client.drain({}, (error, response) => (error ? reject(error) : resolve(response)));
    });
    expect(answer).toEqual({ drained: true });
    expect(node.state).toBe("draining");
  });
});

test("a node without a name, or with a capacity that cannot be meant, is not made", () => {
  const options = { zone: "", policy: "lru", clock: systemClock, log: silentLog } as const;
  const bad = expect.objectContaining({ reason: "BAD_CONFIG" });
  expect(() => createCacheNode({ ...options, id: "", capacityBytes: MiB })).toThrow(bad);
  expect(() => createCacheNode({ ...options, id: "n", capacityBytes: -1 })).toThrow(bad);
});
