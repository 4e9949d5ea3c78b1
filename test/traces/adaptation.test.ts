import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { policyNames } from "@kvring/store";
import { afterAll, describe, expect, test } from "vitest";
import { loopOf, traceFolder, writeKeys, zipfOf } from "./generated-traces.ts";
import { replayed } from "./kvring-replay.ts";
import { hasReferenceTraces, referenceTrace, source } from "./reference-traces.ts";

/** Points of hit ratio, over the second half of a trace. */
const mostBehindBest = 1.5;
const mostBehindLru = 3;
const shares = [0.01, 0.05, 0.1, 0.25];
/** All combinations take minutes: `npm run test:traces` sets this. */
const isWhole = process.env["KVRING_ALL_TRACES"] === "1";

const folder = traceFolder();
afterAll(() => folder.remove());

function keysOf(name: string): number[] {
  const bytes = gunzipSync(readFileSync(referenceTrace(name)));
  if (!name.includes("oracle")) {
    return [...new Uint32Array(bytes.buffer.slice(bytes.byteOffset), 0, bytes.length / 4)];
  }
  const numbers = new Map<bigint, number>();
  return Array.from({ length: bytes.length / 24 }, (_, record) => {
    const key = bytes.readBigUInt64LE(24 * record + 4);
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    return numbers.get(key) as number;
  });
}

/** Adaptive beside all fixed policies, each at these shares of the keys. */
async function compare(name: string, keys: readonly number[], chosen: readonly number[]) {
  const unique = new Set(keys).size;
  const capacities = chosen.map((share) => Math.max(1, Math.round(unique * share)));
  const path = writeKeys(folder.path, name.split(".")[0] ?? name, keys);
  const flags = ["--format", "u32le", "--policy", "all,adaptive"];
  const warmUp = ["--warm-up", String(keys.length >> 1)];
  const sizes = ["--capacity-entries", capacities.join()];
  const results = await replayed(path, ...flags, ...sizes, ...warmUp);
  for (const capacity of capacities) {
    const percent = (policy: string): number => {
      const run = results.find((one) => one.policy === policy && one.capacity_entries === capacity);
      return 100 * (run?.hit_ratio ?? Number.NaN);
    };
    const best = Math.max(...policyNames.map(percent));
    const where = `${name} with ${capacity} entries, the best fixed policy at ${best.toFixed(1)} %`;
    expect(percent("adaptive"), where).toBeGreaterThanOrEqual(best - mostBehindBest);
    expect(percent("adaptive"), where).toBeGreaterThanOrEqual(percent("lru") - mostBehindLru);
  }
}

const traces = ["gli", "loop", "web12", "orm-busy", "oltp"].map((name) => `${name}.u32le.gz`);
const sampled: Readonly<Record<string, readonly number[]>> = {
  "gli.u32le.gz": shares,
  "web12.u32le.gz": [0.05, 0.25],
  "cloudPhysicsIO.oracleGeneral.gz": [0.1],
};

describe(`adaptive replay, on ${source}`, () => {
  if (!hasReferenceTraces) {
    test("is left to what follows", () => expect(source).toContain("generated traces only"));
    return;
  }
  const all = [...traces, "cloudPhysicsIO.oracleGeneral.gz"];
  const names = isWhole ? all : Object.keys(sampled);

  test.each(names)(
    "is within 1.5 points of the best fixed policy on %s",
    async (name) => {
      await compare(name, keysOf(name), isWhole ? shares : (sampled[name] ?? shares));
    },
    600_000,
  );

  test("and across phases: web12, loop, web12", async () => {
    const [web, loop] = [keysOf("web12.u32le.gz"), keysOf("loop.u32le.gz")];
    // A sixth of the loop is 83 rounds, and a sixth of the time.
    const middle = isWhole ? loop : loop.slice(0, loop.length / 6);
    const keys = [...web, ...middle.map((key) => key + 1_000_000), ...web];
    await compare("phases", keys, isWhole ? shares : [0.05]);
  }, 600_000);
});

describe("adaptive replay, on generated traces", () => {
  test("hits on a loop what LRU never does", async () => {
    const path = writeKeys(folder.path, "loop", loopOf(300, 60));
    const flags = ["--format", "u32le", "--policy", "lru,adaptive", "--capacity-entries", "200"];
    const [lru, adaptive] = await replayed(path, ...flags, "--warm-up", "9000");
    expect([lru?.requests, lru?.hits]).toEqual([9_000, 0]);
    expect(adaptive?.hit_ratio).toBeGreaterThan(0.55);
  });

  test("is within 1.5 points of the best on Zipf, a loop, and Zipf again", async () => {
    const zipf = zipfOf(3_000, 15_000);
    const loop = loopOf(500, 40).map((key) => key + 10_000);
    await compare("zipf-loop-zipf", [...zipf, ...loop, ...zipf], [0.05, 0.1]);
  });
});
