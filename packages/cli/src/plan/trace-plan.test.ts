import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@kvring/models";
import { afterAll, expect, test } from "vitest";
import { planTrace } from "./trace-plan.ts";

const folder = mkdtempSync(join(tmpdir(), "kvring-plan-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const loop = (keys: number, rounds: number): Buffer =>
  Buffer.from(Uint32Array.from({ length: keys * rounds }, (_, at) => at % keys).buffer);

test("a loop: LRU hits nothing until all of it fits, others their share", async () => {
  const { points, keys, requests, sampledShare, unit } = await planTrace(
    write("loop", loop(1_024, 20)),
    "u32le",
  );
  expect({ keys, requests, sampledShare, unit }).toEqual({
    ...{ keys: 1_024, requests: 20_480, sampledShare: 1, unit: "entries" },
  });
  const hits = (policy: string, capacity: number) =>
    points.find((point) => point.policy === policy && point.capacity === capacity)?.hitRatio;
  expect(hits("lru", 512)).toBe(0);
  expect(hits("lru", 1_024)).toBeCloseTo(0.95);
  expect(hits("w-tinylfu", 512)).toBeGreaterThan(0.3);
});

test("a long trace is sampled, and says nearly what the whole does", async () => {
  const random = seededRandom(7);
  const keys = Uint32Array.from({ length: 60_000 }, () => Math.floor(8_000 ** random()));
  const file = write("long", Buffer.from(keys.buffer));
  const limits = { mostRequests: 20_000, leastKeys: 500 };
  const [whole, sampled] = [
    await planTrace(file, "u32le"),
    await planTrace(file, "u32le", undefined, limits),
  ];
  expect([whole.sampledShare, sampled.sampledShare]).toEqual([1, 1 / 3]);
  for (const [at, { hitRatio }] of whole.points.entries()) {
    // The smallest sizes are a handful of keys in the sample.
    if ((whole.points[at]?.capacity ?? 0) < 500) continue;
    expect(Math.abs((sampled.points[at]?.hitRatio ?? 0) - hitRatio)).toBeLessThan(0.03);
  }
});

test("costs and times of a trace are taken from it", async () => {
  const lines = Array.from(
    { length: 200 },
    (_, at) => `${at * 36},k${at % 10},100,${5 + (at % 2)}`,
  );
  const plan = await planTrace(
    write("costs.csv", `time,id,size,cost_ms\n${lines.join("\n")}`),
    "csv",
  );
  expect(plan).toMatchObject({ unit: "bytes", keys: 10, meanCostMs: 5.5 });
  expect(plan.requestsPerHour).toBeCloseTo(200 / (199 * 0.01));
});

test("too few requests say nothing", async () => {
  await expect(planTrace(write("short", loop(5, 2)), "u32le")).rejects.toThrow("at least 100");
});
