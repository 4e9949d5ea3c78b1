import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { policyNames } from "@kvring/store";
import { afterAll, describe, expect, test } from "vitest";
import { fewestMisses } from "./belady.ts";
import { loopOf, traceFolder, writeKeys, zipfOf } from "./generated-traces.ts";
import { type Replayed, replayed } from "./kvring-replay.ts";
import { hasReferenceTraces, referenceTrace, source } from "./reference-traces.ts";

const folder = traceFolder();
afterAll(() => folder.remove());

/** Misses at 128 MiB, 256 MiB, … 1 GiB: libCacheSim's own golden figures for this trace. */
const blockMisses: Readonly<Record<string, readonly number[]>> = {
  lru: [93374, 89783, 83572, 81722, 72494, 72104, 71972, 71704],
  fifo: [93403, 89386, 84387, 84025, 72498, 72228, 72182, 72140],
  lfu: [91699, 86720, 78578, 76707, 69945, 66221, 64445, 64376],
  sieve: [91699, 86720, 78578, 76707, 69945, 66221, 64445, 64376],
  "s3-fifo": [89307, 82387, 77041, 76791, 71300, 70343, 70455, 70355],
  gdsf: [89068, 84750, 74853, 70488, 67919, 64180, 61029, 58721],
};
const blockBelady = [79256, 70724, 65481, 61594, 59645, 57599, 50873, 48974];

function keysOf(path: string): Uint32Array {
  const bytes = readFileSync(path);
  const unpacked = path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  return new Uint32Array(unpacked.buffer.slice(unpacked.byteOffset), 0, unpacked.length / 4);
}

/** All policies at each of these capacities, and that none of them misses less than it could. */
async function boundedReplay(path: string, capacities: readonly number[]): Promise<Replayed[]> {
  const keys = keysOf(path);
  const flags = ["--format", "u32le", "--policy", "all", "--capacity-entries", capacities.join()];
  const bounds = capacities.map((capacity) => fewestMisses(keys, capacity));
  const results = await replayed(path, ...flags);
  expect(results).toHaveLength(policyNames.length * capacities.length);
  for (const { policy, capacity_entries = 0, misses } of results) {
    const bound = bounds[capacities.indexOf(capacity_entries)] ?? Number.NaN;
    expect(misses, `${policy} at ${capacity_entries}`).toBeGreaterThanOrEqual(bound);
  }
  return results;
}

function hitPercent(results: readonly Replayed[], policy: string, entries: number): number {
  const found = results.find((run) => run.policy === policy && run.capacity_entries === entries);
  return Math.round((found?.hit_ratio ?? Number.NaN) * 10_000) / 100;
}

describe(`kvring replay, on ${source}`, () => {
  if (!hasReferenceTraces) {
    test("is left to what follows", () => expect(source).toContain("generated traces only"));
    return;
  }

  test("counts the misses of libCacheSim on a block trace, with its sizes, exactly", async () => {
    const policies = [...Object.keys(blockMisses), "w-tinylfu"].join();
    const sizes = blockBelady.map((_, at) => `${128 * (at + 1)}MiB`).join();
    const path = referenceTrace("cloudPhysicsIO.oracleGeneral.gz");
    const flags = ["--format", "oracle", "--policy", policies, "--capacity-bytes", sizes];
    const results = await replayed(path, ...flags);
    for (const [policy, expected] of Object.entries(blockMisses)) {
      const misses = results.filter((result) => result.policy === policy).map((run) => run.misses);
      expect(misses, policy).toEqual(expected);
    }
    for (const [at, { policy, misses, requests, hits }] of results.entries()) {
      expect(requests).toBe(113_872);
      expect(hits + misses).toBe(requests);
      expect(misses, policy).toBeGreaterThanOrEqual(blockBelady[at % 8] ?? Number.NaN);
    }
  });

  test("has the published hit ratios on oltp: LRU exactly, W-TinyLFU within 0.1 points", async () => {
    const flags = ["--policy", "lru,sieve,s3-fifo,w-tinylfu"];
    const capacities = ["--capacity-entries", "250,500,1000,2000,8192"];
    const path = referenceTrace("oltp.u32le.gz");
    const results = await replayed(path, "--format", "u32le", ...flags, ...capacities);
    const lru = [250, 500, 1_000, 2_000].map((entries) => hitPercent(results, "lru", entries));
    expect(lru).toEqual([16.47, 23.45, 32.83, 42.47]);
    expect(hitPercent(results, "sieve", 1_000)).toBe(32.56);
    expect(hitPercent(results, "s3-fifo", 1_000)).toBe(40.84);
    const tinyLfu = hitPercent(results, "w-tinylfu", 8_192);
    expect(Math.abs(tinyLfu - 57.44)).toBeLessThanOrEqual(0.1);
  });

  test("has the published hit ratios on a loop", async () => {
    const results = await boundedReplay(referenceTrace("loop.u32le.gz"), [256, 512]);
    const none = ["lru", "sieve", "s3-fifo"].map((policy) => hitPercent(results, policy, 512));
    expect(none).toEqual([0, 0, 0]);
    const tinyLfu = hitPercent(results, "w-tinylfu", 512);
    expect(Math.abs(tinyLfu - 49.94)).toBeLessThanOrEqual(0.1);
  });

  test.each([
    ["gli.u32le.gz", [25, 126, 252, 632]],
    ["web12.u32le.gz", [137, 1_375]],
  ])("never beats Belady on %s", async (name, capacities) => {
    await boundedReplay(referenceTrace(name), capacities);
  });
});

describe("kvring replay, on generated traces", () => {
  test("misses everything where a loop is longer than the cache, in order of recency", async () => {
    const path = writeKeys(folder.path, "loop", loopOf(100, 50));
    const flags = ["--format", "u32le", "--policy", "lru,fifo", "--capacity-entries", "99,100"];
    const results = await replayed(path, ...flags);
    expect(results.map(({ misses }) => misses)).toEqual([5_000, 100, 5_000, 100]);
    expect(results.map(({ evictions }) => evictions)).toEqual([4_901, 0, 4_901, 0]);
  });

  test("keeps in LRU what a stack of that depth holds", async () => {
    const requests = zipfOf(400, 8_000);
    const path = writeKeys(folder.path, "stack", requests);
    const stack: number[] = [];
    let hits = 0;
    for (const key of requests) {
      const depth = stack.lastIndexOf(key);
      if (depth >= 0) stack.splice(depth, 1);
      if (depth >= 0 && stack.length - depth < 60) hits += 1;
      stack.push(key);
    }
    const [result] = await replayed(path, "--format", "u32le", "--capacity-entries", "60");
    expect(result).toMatchObject({ policy: "lru", hits, hit_ratio: hits / 8_000 });
  });

  test("never beats Belady, and evicts nothing where all fit", async () => {
    const path = writeKeys(folder.path, "zipf", zipfOf(2_000, 30_000));
    const results = await boundedReplay(path, [20, 200, 800, 2_001]);
    // Where all fit, each key is missed once, whatever the policy.
    const keys = new Set(keysOf(path)).size;
    for (const { misses, evictions, capacity_entries } of results) {
      if (capacity_entries === 2_001) expect([misses, evictions]).toEqual([keys, 0]);
    }
  });

  test("Belady on a loop keeps all but one place", () => {
    // With room for 3 of 4 keys: the fourth, each time it comes.
    expect(fewestMisses(loopOf(4, 10), 3)).toBe(3 + 10);
    expect(fewestMisses(loopOf(4, 10), 4)).toBe(4);
  });
});
