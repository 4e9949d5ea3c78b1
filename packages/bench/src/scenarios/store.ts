import { median } from "../load/quantile.ts";
import { type Figure, type Result, type Round, summarize } from "../report/summary.ts";
import type { CacheName, CacheOptions } from "../store/caches.ts";
import { Contestant } from "../store/contestant.ts";
import { memcached, memoryBeyondValues, redis } from "../store/peer-memory.ts";

const rounds = 5;
const roundMs = 1_000;

const small: CacheOptions = { entries: 1_000_000, valueBytes: 64 };
const kibibyte: CacheOptions = { entries: 2_000_000, valueBytes: 1_024 };

/**
 * The store alone, one thread, beside `lru-cache` and beside itself. Rates are operations per
 * second of CPU time, all threads of a process counted: a collector has several.
 */
export async function store(): Promise<(Result | Figure)[]> {
  return [
    ...(await smallEntries()),
    ...(await kibibytes()),
    ...(await manyEntries()),
    ...(await peers()),
  ];
}

/** Gets of random entries, then puts of new ones, each of which pushes out the oldest. */
async function smallEntries(): Promise<Result[]> {
  const systems = ["lru-cache", "lru-cache, ready strings", "kvring"] as const;
  return await withAll(systems, small, async (contestants) => {
    for (const contestant of contestants) await contestant.tell({ do: "fill" });
    const gets = await inTurn(contestants, "get");
    const puts = await inTurn(contestants, "put");
    return [
      ...summarize("store_get_1m", gets, "lru-cache"),
      ...summarize("store_put_1m", puts, "lru-cache"),
    ];
  });
}

async function kibibytes(): Promise<(Result | Figure)[]> {
  return await withAll(["lru-cache", "kvring"], kibibyte, async (contestants) => {
    const figures: Figure[] = [];
    for (const contestant of contestants) {
      const { system, empty } = contestant;
      const full = await contestant.tell({ do: "fill" });
      const pauses: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        pauses.push((await contestant.tell({ do: "collect" })).collectMs ?? Number.NaN);
      }
      const valuesBytes = full.entries * kibibyte.valueBytes;
      const grown = full.rssBytes - empty.rssBytes;
      const figure = (name: string, value: number, unit: string): void => {
        figures.push({ scenario: `store_2m_1k_${name}`, system, value, unit });
      };
      figure("full_gc", median(pauses), "ms");
      figure("heap", (full.heapBytes - empty.heapBytes) / 1e6, "MB");
      figure("rss_beyond_values", (grown - valuesBytes) / full.entries, "bytes/entry");
      if (full.chargedBytes === undefined) continue;
      figure(
        "charged_beyond_values",
        (full.chargedBytes - valuesBytes) / full.entries,
        "bytes/entry",
      );
      figure("rss_over_charged", grown / full.chargedBytes, "×");
    }
    const churn = await inTurn(contestants, "put");
    return [...summarize("store_churn_2m_1k", churn, "lru-cache"), ...figures];
  });
}

/** What an operation costs where there are many entries, and the longest that one takes. */
async function manyEntries(): Promise<(Result | Figure)[]> {
  const few = await Contestant.start("kvring", { entries: 100_000, valueBytes: 64 });
  const many = await Contestant.start("kvring", { entries: 8_000_000, valueBytes: 64 });
  try {
    await few.tell({ do: "fill" });
    const { longestPutMs = Number.NaN, rssBytes } = await many.tell({ do: "fill" });
    const named = new Map([
      ["100,000 entries", few],
      ["8,000,000 entries", many],
    ]);
    const results: Result[] = [];
    for (const operation of ["get", "put"] as const) {
      const measured = new Map<string, Round[]>([...named.keys()].map((name) => [name, []]));
      for (let round = 0; round < rounds; round += 1) {
        for (const [name, contestant] of named)
          measured.get(name)?.push(await contestant.round(operation, roundMs));
      }
      results.push(...summarize(`store_${operation}_8m`, measured, "100,000 entries"));
    }
    const system = "kvring";
    return [
      ...results,
      { scenario: "store_8m_longest_put", system, value: longestPutMs, unit: "ms" },
      { scenario: "store_8m_rss", system, value: rssBytes / 1e6, unit: "MB" },
    ];
  } finally {
    await few.stop();
    await many.stop();
  }
}

/** The same entries in servers that keep nothing else. */
async function peers(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const peer of [redis, memcached]) {
    const value = await memoryBeyondValues(peer, kibibyte.entries, kibibyte.valueBytes);
    if (value === undefined) continue;
    const scenario = "store_2m_1k_rss_beyond_values";
    figures.push({ scenario, system: peer.system, value, unit: "bytes/entry" });
  }
  return figures;
}

/** In turn, A B C A B C, each for as long. */
async function inTurn(
  contestants: readonly Contestant[],
  operation: "get" | "put",
): Promise<Map<string, Round[]>> {
  const measured = new Map<string, Round[]>(contestants.map(({ system }) => [system, []]));
  for (const contestant of contestants) await contestant.round(operation, roundMs / 2);
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of contestants)
      measured.get(contestant.system)?.push(await contestant.round(operation, roundMs));
  }
  return measured;
}

async function withAll<T>(
  systems: readonly CacheName[],
  options: CacheOptions,
  use: (contestants: readonly Contestant[]) => Promise<T>,
): Promise<T> {
  const contestants: Contestant[] = [];
  try {
    for (const system of systems) contestants.push(await Contestant.start(system, options));
    return await use(contestants);
  } finally {
    for (const contestant of contestants) await contestant.stop();
  }
}
