import { connect, type JetStreamManager, type NatsConnection } from "nats";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { bytes, eventually, Listener } from "../contract/support.ts";
import { encodeEpoch } from "../epoch-record.ts";
import type { Bus } from "../ports.ts";
import { type NatsServer, startNatsServer } from "../testing/index.ts";
import { connectNatsBus } from "./bus.ts";
import { natsNames } from "./names.ts";

// Real servers, and other tests beside us on few cores.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

/* What only a log that others can reach may suffer. */

let server: NatsServer;
let nc: NatsConnection;
let jsm: JetStreamManager;
let worlds = 0;
let namespace = "";
let open: Bus[] = [];

beforeAll(async () => {
  server = await startNatsServer();
  nc = await connect({ servers: server.url });
  jsm = await nc.jetstreamManager();
});

beforeEach(() => {
  worlds += 1;
  namespace = `log${worlds}`;
});

afterEach(async () => {
  await Promise.all(open.map((bus) => bus.close()));
  open = [];
});

afterAll(async () => {
  await nc.close();
  await server.stop();
});

async function connectBus(): Promise<Bus> {
  const logBytes = 16 * 1024 * 1024;
  const bus = await connectNatsBus({ servers: server.url, name: "log", namespace, logBytes });
  open.push(bus);
  return bus;
}

const append = (bus: Bus, body: string) => bus.log.append({ subject: "inv", body: bytes(body) });

test("of many processes that find no log exactly one begins it", async () => {
  const buses = await Promise.all(Array.from({ length: 8 }, connectBus));
  const tails = await Promise.all(buses.map((bus) => bus.log.tail()));
  expect(new Set(tails.map(({ epoch }) => epoch)).size).toBe(1);
  expect(tails.every(({ sequence }) => sequence === 1)).toBe(true);
});

test("a log that is deleted under a connected reader begins a new epoch", async () => {
  const bus = await connectBus();
  const listener = new Listener();
  const reader = bus.log.read(listener);
  const old = await append(bus, "a");
  await reader.reached(old.sequence, 5_000);
  await jsm.streams.delete(natsNames(namespace).logStream);
  const place = await append(bus, "b");
  expect(place.epoch).not.toBe(old.epoch);
  await eventually(() => expect(reader.position).toEqual(place));
  expect(listener.epochs).toEqual([old.epoch, place.epoch]);
});

test("a log that is deleted while nobody appends is begun anew, and so is the registry", async () => {
  const names = natsNames(namespace);
  const bus = await connectBus();
  const listener = new Listener();
  const changes: string[] = [];
  const reader = bus.log.read(listener);
  await bus.registry.put("ring", bytes("1"), 0);
  await bus.registry.watch("", ({ kind, key }) => changes.push(`${kind} ${key}`));
  await reader.reached(1, 5_000);
  await jsm.streams.delete(names.logStream);
  await jsm.streams.delete(names.stateStream);
  await eventually(() => expect(changes).toEqual(["set ring", "deleted ring"]));
  await eventually(() => expect(listener.epochs).toHaveLength(2));
  await reader.reached(1, 5_000);
  expect(listener.sequences).toEqual([1, 1]);
});

test("a log that lost its end begins a new epoch, for its readers and for the next append", async () => {
  const names = natsNames(namespace);
  const [reading, writing] = [await connectBus(), await connectBus()];
  const listener = new Listener();
  const reader = reading.log.read(listener);
  for (const body of ["a", "b", "c"]) await append(writing, body);
  await reader.reached(4, 5_000);
  const { epoch } = reader.position;
  // As from a backup: the same epoch, fewer records, and another one in the old one's place.
  await jsm.streams.delete(names.logStream);
  await jsm.streams.add({ name: names.logStream, subjects: [names.logSubjects] });
  const js = nc.jetstream();
  await js.publish(names.logSubject("epoch"), encodeEpoch(epoch));
  for (const body of ["a", "b"]) await js.publish(names.logSubject("inv"), bytes(body));
  const place = await append(writing, "d");
  expect(place.sequence).toBe(4);
  expect(place.epoch).not.toBe(epoch);
  await eventually(() => expect(listener.epochs.length).toBe(2));
  await eventually(() =>
    expect(listener.lines.slice(3)).toEqual(["2 inv a", "3 inv b", "4 inv d"]),
  );
  expect(reader.position.epoch).toBe(place.epoch);
  expect((await reading.log.tail()).epoch).toBe(place.epoch);
});

test("a reader that nobody wakes notices by itself that the end was lost", async () => {
  const names = natsNames(namespace);
  const bus = await connectBus();
  const listener = new Listener();
  const reader = bus.log.read(listener);
  for (const body of ["a", "b"]) await append(bus, body);
  await reader.reached(3, 5_000);
  const { epoch } = reader.position;
  await jsm.streams.delete(names.logStream);
  await jsm.streams.add({ name: names.logStream, subjects: [names.logSubjects] });
  await nc.jetstream().publish(names.logSubject("epoch"), encodeEpoch(epoch));
  await eventually(() => expect(listener.epochs.length).toBe(2));
  expect(listener.epochs[1]).not.toBe(epoch);
  expect(reader.position.epoch).toBe(listener.epochs[1]);
});

test("a reader whose consumer is deleted goes on where it was", async () => {
  const names = natsNames(namespace);
  const bus = await connectBus();
  const listener = new Listener();
  const reader = bus.log.read(listener);
  await append(bus, "a");
  await reader.reached(2, 5_000);
  for await (const { name } of jsm.consumers.list(names.logStream)) {
    await jsm.consumers.delete(names.logStream, name);
  }
  await append(bus, "b");
  await reader.reached(3, 5_000);
  expect(listener.epochs).toHaveLength(1);
  expect(listener.sequences).toEqual([1, 2, 3]);
});

test("what is created with the settings of another process stays as it is", async () => {
  const first = await connectBus();
  await first.log.tail();
  const second = await connectNatsBus({
    servers: server.url,
    name: "log",
    namespace,
    logBytes: 1024 * 1024,
  });
  open.push(second);
  await append(second, "a");
  const { config } = await jsm.streams.info(natsNames(namespace).logStream);
  expect(config.max_bytes).toBe(16 * 1024 * 1024);
});

test("settings that NATS refuses are named", async () => {
  const bus = await connectNatsBus({ servers: server.url, name: "log", namespace, replicas: 3 });
  open.push(bus);
  await expect(bus.log.tail()).rejects.toMatchObject({
    reason: "BAD_CONFIG",
    message: expect.stringContaining("replicas > 1 not supported"),
  });
});

test.each(["Kvring", "a.b", "", "1a"])("the namespace %j is refused", async (bad) => {
  await expect(
    connectNatsBus({ servers: server.url, name: "log", namespace: bad }),
  ).rejects.toMatchObject({ reason: "BAD_CONFIG" });
});
