import { afterEach, expect, test, vi } from "vitest";
import { bytes, digest, eventually, Listener, text } from "../contract/support.ts";
import type { Bus, BusStatus } from "../ports.ts";
import { type NatsServer, startNatsServer } from "../testing/index.ts";
import { connectNatsBus } from "./bus.ts";

// Real servers, and other tests beside us on few cores.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

/* What happens when the server goes, and when it comes back as another one. */

const open: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.stop();
});

async function startServer(): Promise<NatsServer> {
  const server = await startNatsServer();
  open.push(server);
  return server;
}

async function connectTo(server: NatsServer, timeoutMs = 5_000): Promise<Bus> {
  const bus = await connectNatsBus({
    servers: server.url,
    name: "outage",
    timeoutMs,
    logBytes: 16 * 1024 * 1024,
    queueBytes: 16 * 1024 * 1024,
  });
  open.push({ stop: () => bus.close() });
  return bus;
}

const append = (bus: Bus, body: string) => bus.log.append({ subject: "inv", body: bytes(body) });

test("a reader goes on without a gap when the server comes back with its store", async () => {
  const server = await startServer();
  const [one, two] = [await connectTo(server), await connectTo(server)];
  const told: BusStatus["state"][] = [];
  one.onStatus(({ state }) => told.push(state));
  const listener = new Listener();
  const reader = one.log.read(listener);
  await append(two, "a");
  await reader.reached(2, 5_000);
  const { epoch } = reader.position;
  await server.halt("SIGKILL");
  await eventually(() => expect(one.status.state).toBe("disconnected"));
  const duringOutage = append(two, "b");
  await server.resume();
  expect(await duringOutage).toEqual({ epoch, sequence: 3 });
  await append(one, "c");
  await reader.reached(4, 5_000);
  expect(listener.epochs).toEqual([epoch]);
  expect(listener.lines).toEqual(["2 inv a", "3 inv b", "4 inv c"]);
  expect(told).toEqual(["disconnected", "connected"]);
});

test("everything that listens is there again after an outage", async () => {
  const server = await startServer();
  const [one, two] = [await connectTo(server), await connectTo(server)];
  const model = digest("aa");
  const seen: string[] = [];
  const changes: string[] = [];
  const members: string[] = [];
  await one.queue.consume({
    digest: model,
    slots: 2,
    handle: async ({ body }) => void seen.push(text(body)),
  });
  await one.courier.serve("gw-1", async (body) => bytes(`answer to ${text(body)}`));
  await one.presence.announce("node", "n1", bytes("n1"));
  await two.presence.watch("node", (present) => members.push([...present.keys()].join()));
  const revision = await two.registry.put("ring", bytes("1"), 0);
  await one.registry.watch("", ({ key, kind }) => changes.push(`${kind} ${key}`));
  await server.halt();
  await eventually(() => expect(one.status.state).toBe("disconnected"));
  await server.resume();
  await two.registry.put("ring", bytes("2"), revision);
  const job = { digest: model, messageId: "m", body: bytes("job"), timeoutMs: 5_000 };
  await two.queue.publish(job);
  await eventually(() => expect(seen).toEqual(["job"]));
  await eventually(() => expect(changes).toEqual(["set ring", "set ring"]));
  await eventually(async () =>
    expect(text(await two.courier.request("gw-1", bytes("x"), 1_000))).toBe("answer to x"),
  );
  expect(members).toEqual(["n1"]);
});

test("a log that was wiped begins a new epoch, and the registry's keys are gone", async () => {
  const server = await startServer();
  const [one, two] = [await connectTo(server), await connectTo(server)];
  const listener = new Listener();
  const reader = one.log.read(listener);
  for (const body of ["a", "b", "c"]) await append(two, body);
  await two.registry.put("ring", bytes("1"), 0);
  const changes: string[] = [];
  await one.registry.watch("", ({ key, kind }) => changes.push(`${kind} ${key}`));
  await reader.reached(4, 5_000);
  const before = reader.position;
  const stuck = reader.reached(5, 60_000).catch((error: unknown) => error);
  await server.halt();
  await server.resume({ wipe: true });
  const place = await append(two, "d");
  expect(place.epoch).not.toBe(before.epoch);
  expect(place.sequence).toBe(2);
  await eventually(() => expect(reader.position).toEqual(place));
  expect(await stuck).toMatchObject({ reason: "BUS_UNAVAILABLE" });
  expect(listener.epochs).toEqual([before.epoch, place.epoch]);
  expect(listener.lines).toEqual(["2 inv a", "3 inv b", "4 inv c", "2 inv d"]);
  expect(await one.log.tail()).toEqual(place);
  await eventually(() => expect(changes).toEqual(["set ring", "deleted ring"]));
});

test("a server that is not there yet: disconnected at once, unavailable in time, then connected", async () => {
  const server = await startServer();
  await server.halt();
  const bus = await connectTo(server, 300);
  expect(bus.status).toMatchObject({ state: "disconnected", why: "connection refused" });
  const unavailable = { reason: "BUS_UNAVAILABLE" };
  const body = bytes("x");
  const refused = [
    append(bus, "a"),
    bus.log.tail(),
    bus.registry.get("ring"),
    bus.registry.put("ring", body, 0),
    bus.registry.watch("", () => {}),
    bus.queue.publish({ digest: digest("aa"), messageId: "m", body, timeoutMs: 300 }),
    bus.queue.depth(),
    bus.courier.request("gw-1", body, 300),
  ];
  for (const outcome of await Promise.allSettled(refused)) {
    expect(outcome).toMatchObject({ status: "rejected", reason: unavailable });
  }
  const listener = new Listener();
  const reader = bus.log.read(listener);
  const seen: string[] = [];
  await bus.queue.consume({
    digest: digest("aa"),
    slots: 1,
    handle: async (job) => void seen.push(text(job.body)),
  });
  await bus.courier.serve("gw-1", async (question) => question);
  expect(reader.position).toEqual({ epoch: 0, sequence: 0 });
  const first = reader.reached(1, 60_000);
  await server.resume();
  await first;
  expect(bus.status).toEqual({ state: "connected" });
  const place = await append(bus, "a");
  await reader.reached(place.sequence, 5_000);
  expect(listener.lines).toEqual(["2 inv a"]);
  await bus.queue.publish({ digest: digest("aa"), messageId: "m", body, timeoutMs: 5_000 });
  await eventually(() => expect(seen).toEqual(["x"]));
  expect(text(await bus.courier.request("gw-1", body, 5_000))).toBe("x");
});
