import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Entry, encodeEntry, ManualClock, silentLog } from "@kvring/core";
import { createStore, type Store } from "@kvring/store";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Entries } from "../entries.ts";
import { loadSnapshot, type SnapshotParts, saveSnapshot } from "./snapshot.ts";

const born = { epoch: 3, sequence: 8 };
const count = 20;

let directory: string;
let path: string;
let clock: ManualClock;
let wallMs: number;
let warnings: object[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kvring-snapshot-"));
  path = join(directory, "n1.kvring-snapshot");
  clock = new ManualClock();
  wallMs = 1_700_000_000_000;
  warnings = [];
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const keyOf = (index: number) => createHash("sha256").update(`${index}`).digest();

function entryOf(index: number, ttlMs = 60_000): Uint8Array {
  const header = {
    born,
    ageMs: 1_000,
    ttlMs,
    costMs: 4,
    digest: "ab".repeat(32),
    scopes: [7n, 9n],
  };
  return encodeEntry(header, Buffer.alloc(10 * index, index));
}

function node(capacityBytes = 1024 * 1024): { store: Store; parts: SnapshotParts } {
  const store = createStore({ policy: "lru", capacityBytes, clock });
  const entries = new Entries(store);
  const log = { ...silentLog, warn: (fields: object) => void warnings.push(fields) };
  return { store, parts: { directory, id: "n1", entries, clock, log, wallMs: () => wallMs } };
}

async function save(): Promise<void> {
  const { parts } = node();
  for (let index = 0; index < count; index += 1)
    parts.entries.keep(keyOf(index), new Entry(entryOf(index)));
  clock.advance(500);
  await saveSnapshot(parts, 5_000);
}

test("what was there is there again, older by the time that passed", async () => {
  await save();
  wallMs += 20_000;
  clock.advance(3);
  const { store, parts } = node();
  await loadSnapshot(parts);
  expect(store.size).toBe(count);
  for (let index = 0; index < count; index += 1) {
    const found = parts.entries.find(keyOf(index), born, undefined, 0);
    const entry = new Entry(found?.bytes ?? new Uint8Array());
    expect(entry.header).toMatchObject({ born, scopes: [7n, 9n], costMs: 4 });
    expect(Buffer.from(entry.body)).toEqual(Buffer.alloc(10 * index, index));
    expect(found?.life).toEqual({ ageMs: 21_500, ttlMs: 39_500 });
  }
  expect(warnings).toEqual([]);
  expect(await readdir(directory)).toEqual(["n1.kvring-snapshot"]);
});

test("who takes in less keeps the hottest", async () => {
  await save();
  const { store, parts } = node(4_096);
  await loadSnapshot(parts);
  expect(store.size).toBeLessThan(count);
  expect(store.peek(keyOf(count - 1))).toBeDefined();
  expect(store.peek(keyOf(0))).toBeUndefined();
});

test("what has expired meanwhile is left out", async () => {
  await save();
  wallMs += 60_000;
  const { store, parts } = node();
  await loadSnapshot(parts);
  expect(store.size).toBe(0);
  expect(warnings).toEqual([]);
});

test("a clock that was set back makes nothing younger", async () => {
  await save();
  wallMs -= 1;
  const { store, parts } = node();
  await loadSnapshot(parts);
  expect(store.size).toBe(0);
  expect(warnings).toMatchObject([{ why: expect.stringContaining("later than now") }]);
});

test("where there is none, the node starts empty and says nothing", async () => {
  const { store, parts } = node();
  await loadSnapshot(parts);
  expect(store.size).toBe(0);
  expect(warnings).toEqual([]);
});

test("one that takes too long is not left half written, and the one before stays", async () => {
  await save();
  const before = await readFile(path);
  const { parts } = node();
  for (let index = 0; index < count; index += 1)
    parts.entries.keep(keyOf(index), new Entry(entryOf(index)));
  await saveSnapshot(parts, -1);
  expect(warnings).toHaveLength(1);
  expect(await readFile(path)).toEqual(before);
  expect(await readdir(directory)).toEqual(["n1.kvring-snapshot"]);
});

test("another version is refused by its number", async () => {
  await save();
  const bytes = await readFile(path);
  bytes.writeUInt32LE(2, 8);
  await writeFile(path, bytes);
  const { store, parts } = node();
  await loadSnapshot(parts);
  expect(store.size).toBe(0);
  expect(warnings).toMatchObject([{ why: expect.stringContaining("version 2") }]);
});

test("whatever byte is changed, cut off or added: refused, and the node is empty", async () => {
  await save();
  const whole = await readFile(path);
  const damage = fc.oneof(
    fc.record({
      kind: fc.constant("flip" as const),
      at: fc.nat(whole.length - 1),
      by: fc.integer({ min: 1, max: 255 }),
    }),
    fc.record({
      kind: fc.constant("cut" as const),
      at: fc.nat(whole.length - 1),
      by: fc.constant(0),
    }),
    fc.record({
      kind: fc.constant("add" as const),
      at: fc.constant(whole.length),
      by: fc.nat(255),
    }),
  );
  await fc.assert(
    fc.asyncProperty(damage, async ({ kind, at, by }) => {
      const bytes = Buffer.from(whole);
      if (kind === "flip") bytes.writeUInt8(bytes.readUInt8(at) ^ by, at);
      const cut = kind === "cut" ? bytes.subarray(0, at) : bytes;
      await writeFile(path, kind === "add" ? Buffer.concat([cut, Buffer.of(by)]) : cut);
      warnings = [];
      const { store, parts } = node();
      await loadSnapshot(parts);
      expect(store.size).toBe(0);
      expect(warnings).toHaveLength(1);
    }),
    { numRuns: 150 },
  );
});
