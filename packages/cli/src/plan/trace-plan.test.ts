import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@kvring/models";
import { policyNames } from "@kvring/store";
import { afterAll, describe, expect, test } from "vitest";
import { replay } from "../replay/replay.ts";
import type { FormatName } from "../replay/trace-format.ts";
import { leastFor } from "./curves.ts";
import { surveyTrace } from "./survey.ts";
import { planTrace, type TracePlanOptions } from "./trace-plan.ts";

const folder = mkdtempSync(join(tmpdir(), "kvring-plan-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const writeKeys = (name: string, keys: readonly number[]): string =>
  write(name, Buffer.from(Uint32Array.from(keys).buffer));

async function planned(file: string, more: Partial<TracePlanOptions> = {}) {
  const format: FormatName = file.endsWith(".csv") ? "csv" : "u32le";
  const survey = await surveyTrace(file, format);
  const plan = await planTrace({ file, format, survey, policies: policyNames, ...more });
  return { ...plan, survey };
}

const loop = writeKeys(
  "loop",
  Array.from({ length: 256 * 20 }, (_, at) => at % 256),
);

describe("of a loop over 256 keys", () => {
  test("LRU hits nothing below, and 19 of 20 rounds when all fit", async () => {
    const { points, sampledShare, survey } = await planned(loop, { policies: ["lru"] });
    expect(sampledShare).toBe(1);
    expect(survey).toMatchObject({ keys: 256, requests: 5_120, unit: "entries", whole: 256 });
    for (const { capacity, hitRatio } of points) {
      expect(hitRatio, `${capacity}`).toBe(capacity < 256 ? 0 : 0.95);
    }
    // No size is named that was not tried.
    for (const target of [0.5, 0.9, 0.95]) {
      expect(leastFor(target, points, "leaps")).toEqual({ policy: "lru", capacity: 256 });
    }
  });

  test("another policy needs less for what is less, and none less than is possible", async () => {
    const { points } = await planned(loop);
    for (const target of [0.5, 0.7, 0.9]) {
      const { policy, capacity = 0 } = leastFor(target, points, "leaps") ?? {};
      expect(policy).not.toBe("lru");
      // Who keeps so many of 256 hits them in 19 of 20 rounds.
      const possible = (target / 0.95) * 256;
      expect(capacity).toBeGreaterThanOrEqual(possible);
      expect(capacity).toBeLessThan(possible * 1.2);
    }
  });

  test("what is there now is looked at, and a quarter more", async () => {
    const { points } = await planned(loop, { policies: ["lru", "fifo"], capacity: 230 });
    for (const policy of ["lru", "fifo"] as const) {
      expect(points).toContainEqual({ policy, capacity: 230, hitRatio: 0, savedShare: 0 });
      const more = points.find((point) => point.policy === policy && point.capacity === 288);
      expect(more?.hitRatio).toBe(0.95);
    }
  });

  test("the file is read several times, as one way to go", async () => {
    const told: number[] = [];
    await planned(loop, { progress: (read, total) => told.push(read / total) });
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
  });
});

test("of requests that are all alike, a cache hits its share of the keys", async () => {
  const random = seededRandom(3);
  const keys = Array.from({ length: 40_000 }, () => Math.floor(400 * random()));
  const { points } = await planned(writeKeys("uniform", keys), { policies: ["lru", "fifo"] });
  for (const { capacity, hitRatio } of points) {
    // The first request for each key is a miss at any size.
    expect(Math.abs(hitRatio - Math.min(1, capacity / 400))).toBeLessThan(0.02);
  }
});

test("a long trace is sampled, and says nearly what the whole does", async () => {
  const random = seededRandom(7);
  const keys = Array.from({ length: 60_000 }, () => Math.floor(8_000 ** random()));
  const file = writeKeys("long", keys);
  const sampling = { mostRequests: 20_000, leastKeys: 500 };
  const { points, sampledShare } = await planned(file, { policies: ["lru", "s3-fifo"], sampling });
  expect(sampledShare).toBe(1 / 3);
  const options = { file, format: "u32le", unit: "entries" } as const;
  const capacities = [...new Set(points.map(({ capacity }) => capacity))];
  const whole = await replay({ ...options, policies: ["lru", "s3-fifo"], capacities });
  for (const { policy, capacity, hitRatio } of points) {
    // The smallest sizes are a handful of keys in the sample.
    if (capacity < 500) continue;
    const exact = whole.find((one) => one.policy === policy && one.capacity === capacity);
    expect(Math.abs(hitRatio - (exact?.hits ?? 0) / 60_000)).toBeLessThan(0.03);
  }
});

describe("of a CSV with sizes, times and costs", () => {
  /** Three keys of 1 KiB in turn, 36 s apart, the third ten times as dear as the others. */
  const lines = Array.from({ length: 300 }, (_, at) => {
    return `${at * 36},key ${at % 3},1024,${at % 3 === 2 ? 100 : 10}`;
  });
  const file = write("costs.csv", `time,id,size,cost_ms\n${lines.join("\n")}`);

  test("the load is the trace's own", async () => {
    const survey = await surveyTrace(file, "csv");
    expect(survey).toMatchObject({ unit: "bytes", keys: 3, whole: 3_072, meanCostMs: 40 });
    expect(survey.requestsPerHour).toBeCloseTo(100, 9);
  });

  test("what is saved is its cost", async () => {
    const { points } = await planned(file, { policies: ["gdsf"], capacity: 2_048 });
    const now = points.find(({ capacity }) => capacity === 2_048);
    // GDSF keeps the dear one once it came; the others push each other out.
    expect(now?.hitRatio).toBeCloseTo(99 / 300, 9);
    expect(now?.savedShare).toBeCloseTo((99 * 100) / 12_000, 9);
    const more = points.find(({ capacity }) => capacity === 2_048 + 1024 ** 3);
    expect(more?.hitRatio).toBeCloseTo(0.99, 9);
  });
});

test("what is too short, or asks for nothing twice, says nothing", async () => {
  const short = writeKeys("short", [1, 1, 1]);
  await expect(surveyTrace(short, "u32le")).rejects.toThrow("has 3 requests, and fewer than 100");
  const once = writeKeys("once", [...Array(200).keys()]);
  await expect(surveyTrace(once, "u32le")).rejects.toThrow("asked for twice");
});
