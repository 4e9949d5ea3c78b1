/**
 * One cache in a process of its own, which does as it is told and says what that took: so the
 * garbage of one costs no other.
 */
import assert from "node:assert";
import { seededRandom } from "@kvring/models";
import { draws, zipf } from "../experiment/laws.ts";
import { quantile } from "../load/quantile.ts";
import { type CacheName, caches } from "./caches.ts";
import type { Answer, Order } from "./contestant.ts";

const [name, entries, valueBytes] = process.argv.slice(2);
const make = caches[name as CacheName];
const cache = make({ entries: Number(entries), valueBytes: Number(valueBytes) });

/** So many operations are timed together: a clock costs as much as one of them. */
const batch = 256;
let next = 0;
let randomState = 1;
/** Drawn once: drawing costs as much as a cache's operation. */
const drawn = 2 ** 22;
let asked: Uint32Array | undefined;
let askedAt = 0;

process.on("message", (order: Order) => {
  process.send?.(answerTo(order));
});

function answerTo(order: Order): Answer {
  switch (order.do) {
    case "fill":
      return { longestPutMs: fill(), ...memory() };
    case "get":
      return timed(order.forMs, getSome);
    case "put":
      return timed(order.forMs, put);
    case "ask":
      return timed(order.forMs, ask);
    case "collect":
      return collect();
  }
}

/** The longest put, in CPU time of this thread: others may have the processor meanwhile. */
function fill(): number {
  let longestUs = 0;
  for (let n = 0; n < Number(entries); n++) {
    const before = process.threadCpuUsage();
    put();
    const used = process.threadCpuUsage(before);
    longestUs = Math.max(longestUs, used.user + used.system);
  }
  return longestUs / 1000;
}

function put(): void {
  cache.put(next);
  next += 1;
}

/** One of those that were put last, at random. */
function getSome(): void {
  randomState = (Math.imul(randomState, 0x915f77f5) + 1) >>> 0;
  const back = 1 + Math.floor((randomState / 2 ** 32) * cache.size);
  assert(cache.get(next - back), "what is asked for is there");
}

/** By Zipf's law, of ten times as many as there is room for; what is missing comes in. */
function ask(): void {
  asked ??= popular();
  const n = asked[askedAt % asked.length] as number;
  askedAt += 1;
  if (!cache.get(n)) cache.put(n);
}

function popular(): Uint32Array {
  const draw = draws(zipf(10 * Number(entries), 0.9), seededRandom(1));
  return Uint32Array.from({ length: drawn }, draw);
}

/** Over a round, CPU time of all threads: a collector has several. */
function timed(forMs: number, once: () => void): Answer {
  const times: number[] = [];
  const start = process.cpuUsage();
  let usedUs = 0;
  while (usedUs < forMs * 1000) {
    const before = performance.now();
    for (let done = 0; done < batch; done++) once();
    times.push((performance.now() - before) / batch);
    const used = process.cpuUsage(start);
    usedUs = used.user + used.system;
  }
  const operations = times.length * batch;
  const sorted = Float64Array.from(times).sort();
  return {
    ...memory(),
    operations,
    requestsPerSecond: operations / (usedUs / 1e6),
    cpuUsPerRequest: usedUs / operations,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  };
}

/** The pause of a full collection, in CPU time of the thread that stands still. */
function collect(): Answer {
  assert(global.gc !== undefined, "the process was started with --expose-gc");
  const before = process.threadCpuUsage();
  const from = performance.now();
  global.gc();
  const wallMs = performance.now() - from;
  const used = process.threadCpuUsage(before);
  return { ...memory(), collectMs: (used.user + used.system) / 1000, collectWallMs: wallMs };
}

function memory(): Answer {
  return {
    entries: cache.size,
    rssBytes: process.memoryUsage.rss(),
    chargedBytes: cache.chargedBytes,
    heapBytes: process.memoryUsage().heapUsed,
  };
}

process.send?.(memory());
