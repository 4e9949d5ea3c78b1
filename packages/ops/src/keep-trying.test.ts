import { KvringError, type Log, silentLog } from "@kvring/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepTrying } from "./keep-trying.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A step that fails `failures` times, and when it was tried. */
function step(failures: number) {
  const triedAtMs: number[] = [];
  const startMs = Date.now();
  const run = async (): Promise<void> => {
    triedAtMs.push(Date.now() - startMs);
    if (triedAtMs.length <= failures) throw new KvringError("BUS_UNAVAILABLE", "NATS is not there");
  };
  return { run, triedAtMs };
}

test("what succeeds is done once", async () => {
  const { run, triedAtMs } = step(0);
  keepTrying("join", run, silentLog);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(triedAtMs).toEqual([0]);
});

test("what fails is tried again with pauses that double up to two seconds", async () => {
  const { run, triedAtMs } = step(7);
  keepTrying("join", run, silentLog);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(triedAtMs).toEqual([0, 100, 300, 700, 1_500, 3_100, 5_100, 7_100]);
});

test("every failure is told, with its reason and when the next try comes", async () => {
  const { run } = step(2);
  const told: unknown[] = [];
  const log: Log = { ...silentLog, warn: (fields, message) => told.push([fields, message]) };
  keepTrying("join the ring", run, log);
  await vi.advanceTimersByTimeAsync(60_000);
  const sentence = "cannot join the ring yet: NATS is not there";
  expect(told).toEqual([
    [{ reason: "BUS_UNAVAILABLE", retryMs: 100 }, sentence],
    [{ reason: "BUS_UNAVAILABLE", retryMs: 200 }, sentence],
  ]);
});

test("nothing is tried or told once it was ended", async () => {
  const { run, triedAtMs } = step(Number.POSITIVE_INFINITY);
  const stop = keepTrying("join", run, silentLog);
  await vi.advanceTimersByTimeAsync(500);
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(triedAtMs).toEqual([0, 100, 300]);
});

test("a try under way when it was ended is the last, and its failure is nobody's concern", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const told: string[] = [];
  const log: Log = { ...silentLog, warn: (_, message) => told.push(message) };
  const run = vi.fn(() => promise);
  const stop = keepTrying("join", run, log);
  stop();
  reject(new Error("the connection was closed"));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(run).toHaveBeenCalledTimes(1);
  expect(told).toEqual([]);
});
