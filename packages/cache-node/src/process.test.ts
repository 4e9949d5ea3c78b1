import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { type Bus, createInProcessBus, type RingRecord, watchRing } from "@kvring/bus";
import { Entry, encodeEntry, silentLog, systemClock } from "@kvring/core";
import { createMetrics, type Metrics } from "@kvring/ops";
import { compileRing } from "@kvring/ring";
import { connectNode, loadServices, type NodeLink } from "@kvring/wire";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  type CacheNodeProcess,
  defaultNodeOptions,
  type NodeOptions,
  startNode,
} from "./process.ts";

// Real connections on few cores.
vi.setConfig({ testTimeout: 20_000 });

const keyCount = 300;
const keys = Array.from({ length: keyCount }, (_, index) =>
  createHash("sha256").update(`${index}`).digest(),
);
const born = { epoch: 7, sequence: 9 };

let bus: Bus;
let ring: RingRecord;
let nodes: Map<string, CacheNodeProcess>;
let links: NodeLink[];
/** All nodes share one, as in `kvring up`. */
let metrics: Metrics;

beforeEach(async () => {
  bus = createInProcessBus();
  nodes = new Map();
  links = [];
  metrics = createMetrics({ process: false });
  await watchRing(bus.registry, (now) => {
    ring = now;
  });
});

afterEach(async () => {
  for (const link of links) await link.close();
  await Promise.all([...nodes.values()].map((node) => node.drain()));
});

async function start(id: string, options: Partial<NodeOptions> = {}): Promise<void> {
  const node = await startNode({
    ...{ bus, clock: systemClock, log: silentLog, metrics },
    options: { ...defaultNodeOptions, id, listen: "127.0.0.1:0", handoverMs: 0, ...options },
  });
  nodes.set(id, node);
}

function areActive(...ids: readonly string[]): Promise<void> {
  const members = ids.map((id) => ({ id, state: "active" }));
  return vi.waitFor(() => expect(ring.members).toMatchObject(members), 10_000);
}

async function linkTo(id: string): Promise<NodeLink> {
  const address = nodes.get(id)?.address ?? "";
  const link = connectNode({
    nodeId: id,
    address,
    peerId: "test",
    log: silentLog,
    clock: systemClock,
  });
  links.push(link);
  await vi.waitFor(() => expect(link.state).toBe("up"), 5_000);
  return link;
}

/** Every key at its owners, as workers would have put it. */
async function fill(): Promise<void> {
  const compiled = compileRing(ring);
  const linkOf = new Map<string, NodeLink>();
  for (const { id } of ring.members) linkOf.set(id, await linkTo(id));
  const puts = keys.flatMap((key, index) =>
    compiled
      .owners(key, 2)
      .map(({ id }) =>
        linkOf.get(id)?.put({ key, token: undefined, entry: entryOf(index), store: true }),
      ),
  );
  expect(await Promise.all(puts)).toEqual(puts.map(() => true));
}

function entryOf(index: number): Uint8Array {
  // One of them is too large for a frame.
  const body = Buffer.alloc(index === 0 ? 100_000 : 100, index);
  return encodeEntry(
    { born, ageMs: 5_000, ttlMs: 60_000, costMs: 4, digest: "ab".repeat(32), scopes: [1n, 2n] },
    body,
  );
}

function read(link: NodeLink, key: Uint8Array): Promise<Entry | undefined> {
  return new Promise((resolve, reject) => {
    link.lookup(
      { key, tenant: "", minBorn: born, maxAgeMs: undefined, waitMs: 0 },
      {
        onGranted() {},
        onWaiting() {},
        onFound: (bytes) => resolve(new Entry(Uint8Array.from(bytes))),
        onMissing: () => resolve(undefined),
        onFailed: reject,
        onRefused: reject,
      },
    );
  });
}

/** How many of the keys that a node owns it has; with what is wrong about any of them. */
async function holds(id: string): Promise<{ owned: number; found: number }> {
  const compiled = compileRing(ring);
  const link = await linkTo(id);
  const owned = keys.filter((key) => compiled.owners(key, 2).some((owner) => owner.id === id));
  const entries = await Promise.all(owned.map((key) => read(link, key)));
  for (const entry of entries) {
    if (entry === undefined) continue;
    expect(entry.born).toEqual(born);
    expect(entry.scopes).toEqual([1n, 2n]);
    expect(entry.ageMs).toBeGreaterThanOrEqual(5_000);
    expect(entry.ttlMs).toBeLessThanOrEqual(60_000);
    expect(entry.ageMs + entry.ttlMs).toBeCloseTo(65_000, 0);
  }
  return { owned: owned.length, found: entries.filter((entry) => entry !== undefined).length };
}

test("who joins is given all that becomes its own, as it is, before it is active", async () => {
  for (const id of ["n1", "n2", "n3"]) await start(id);
  await areActive("n1", "n2", "n3");
  await fill();
  await start("n4");
  await areActive("n1", "n2", "n3", "n4");
  const { owned, found } = await holds("n4");
  expect(owned).toBeGreaterThan(keyCount / 4);
  expect(found).toBe(owned);
  const { text } = await metrics.render();
  const sumOf = (name: string): number =>
    [...text.matchAll(new RegExp(`^${name}\\{.*\\} (\\S+)$`, "gm"))]
      .map(([, value]) => Number(value))
      .reduce((sum, value) => sum + value, 0);
  expect(sumOf("kvring_node_handover_entries_total")).toBe(owned);
  expect(sumOf("kvring_node_handover_bytes_total")).toBeGreaterThan(100 * owned);
  expect(sumOf("kvring_node_handover_seconds_count")).toBeGreaterThanOrEqual(3);
  expect(text).toContain(`kvring_node_ring_version{node="n4"} ${ring.version}`);
});

test("who leaves gives its keys to their next owners first", async () => {
  await start("n1", { handoverMs: 5_000 });
  for (const id of ["n2", "n3"]) await start(id);
  await areActive("n1", "n2", "n3");
  await fill();
  await nodes.get("n1")?.drain();
  nodes.delete("n1");
  await areActive("n2", "n3");
  for (const id of ["n2", "n3"]) {
    await vi.waitFor(
      async () => expect(await holds(id)).toEqual({ owned: keyCount, found: keyCount }),
      10_000,
    );
  }
});

test("two join at once while one leaves: every owner has every key of its own", async () => {
  await start("n2", { handoverMs: 5_000 });
  for (const id of ["n1", "n3"]) await start(id);
  await areActive("n1", "n2", "n3");
  await fill();
  await Promise.all([start("n4"), start("n5"), nodes.get("n2")?.drain()]);
  nodes.delete("n2");
  await areActive("n1", "n3", "n4", "n5");
  for (const id of ["n1", "n3", "n4", "n5"]) {
    await vi.waitFor(async () => {
      const { owned, found } = await holds(id);
      expect({ id, found }).toEqual({ id, found: owned });
    }, 10_000);
  }
});

test("the Drain call leaves the ring in the same way, and the process ends as ever", async () => {
  await start("n1", { handoverMs: 5_000 });
  for (const id of ["n2", "n3"]) await start(id);
  await areActive("n1", "n2", "n3");
  await fill();
  const { CacheNode } = loadServices().kvring.v1;
  const client = new CacheNode(nodes.get("n1")?.address ?? "", credentials.createInsecure());
  const answer = await new Promise((resolve, reject) => {
    client.drain({}, (error, response) => (error ? reject(error) : resolve(response)));
  });
  client.close();
  expect(answer).toEqual({ drained: true });
  expect(ring.members.map(({ id }) => id)).toEqual(["n2", "n3"]);
  // Of what n1 held as a copy, the first owner gives, in its own time.
  await vi.waitFor(
    async () => expect(await holds("n2")).toEqual({ owned: keyCount, found: keyCount }),
    10_000,
  );
  expect(nodes.get("n1")?.checks()[0]?.failing()).toBe("the node is not in the ring");
});

test("what a node leaves behind that gives nothing is copied by those who hold it", async () => {
  for (const id of ["n1", "n2", "n3"]) await start(id);
  await areActive("n1", "n2", "n3");
  await fill();
  // As one that is killed: nobody but the other owners has its keys.
  await nodes.get("n1")?.drain();
  nodes.delete("n1");
  for (const id of ["n2", "n3"]) {
    await vi.waitFor(
      async () => expect(await holds(id)).toEqual({ owned: keyCount, found: keyCount }),
      10_000,
    );
  }
});

test("who joins is active in the end, also when it is given nothing", async () => {
  await start("n1", { handoverBytesPerSecond: 1 });
  await areActive("n1");
  await fill();
  await start("n2", { warmMs: 300 });
  await vi.waitFor(
    () => expect(ring.members[1]).toMatchObject({ id: "n2", state: "joining" }),
    10_000,
  );
  await areActive("n1", "n2");
});

test("what a node had when it ended it has when it starts again", async () => {
  const snapshotDirectory = await mkdtemp(join(tmpdir(), "kvring-node-"));
  try {
    await start("n1", { snapshotDirectory });
    await areActive("n1");
    await fill();
    await nodes.get("n1")?.drain();
    await start("n1", { snapshotDirectory });
    await areActive("n1");
    expect(await holds("n1")).toEqual({ owned: keyCount, found: keyCount });
  } finally {
    await rm(snapshotDirectory, { recursive: true, force: true });
  }
});
