import { Entry, encodeEntry, limits, ManualClock, type Position } from "@kvring/core";
import { createStore } from "@kvring/store";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Entries } from "./entries.ts";

const key = new Uint8Array(32).fill(7);
const born: Position = { epoch: 1, sequence: 5 };

let clock: ManualClock;
let entries: Entries;

beforeEach(() => {
  clock = new ManualClock();
  entries = new Entries(createStore({ policy: "lru", capacityBytes: 2 ** 20, clock }));
});

test("an entry is kept by the policy that it names", () => {
  const store = createStore({ policy: "lru", capacityBytes: 2 ** 20, clock });
  const put = vi.spyOn(store, "put");
  const header = { born, ageMs: 0, ttlMs: 1_000, costMs: 2, digest: "ab".repeat(32), scopes: [] };
  for (const policy of ["gdsf", undefined] as const) {
    const named = policy === undefined ? {} : { policy };
    const entry = new Entry(encodeEntry({ ...header, ...named }, Buffer.from("a")));
    expect(new Entries(store).keep(Buffer.alloc(32, policy ?? "none"), entry)).toBe(true);
    expect(put.mock.lastCall?.[2]).toEqual({ ttlMs: 1_000, costMs: 2, policy });
  }
});

function keep(life: { ttlMs: number; staleMs?: number; ageMs?: number; sequence?: number }) {
  const { sequence = 5, ageMs = 0, ...more } = life;
  const header = { born: { epoch: 1, sequence }, costMs: 1, digest: "ab".repeat(32), scopes: [] };
  return entries.keep(key, new Entry(encodeEntry({ ...header, ageMs, ...more }, Buffer.from("a"))));
}

const ttlOf = (minTtlMs: number, minBorn = born): number | undefined =>
  entries.find(key, minBorn, undefined, minTtlMs)?.life?.ttlMs;

describe("an entry that expired", () => {
  beforeEach(() => {
    expect(keep({ ttlMs: 1_000, staleMs: 5_000 })).toBe(true);
  });

  test("is given to who takes it, for as long as it is kept", () => {
    clock.advance(1_000);
    expect([ttlOf(0), ttlOf(-1)]).toEqual([undefined, 0]);
    clock.advance(3_000);
    expect([ttlOf(-2_999), ttlOf(-3_000)]).toEqual([undefined, -3_000]);
    clock.advance(2_000);
    expect(ttlOf(-60_000)).toBeUndefined();
  });

  test("is not given to who wants what was born later", () => {
    clock.advance(2_000);
    expect(ttlOf(-60_000, { epoch: 1, sequence: 6 })).toBeUndefined();
  });

  test("is given to no other node, and gives way to a new one of the same place in the log", () => {
    clock.advance(900);
    expect(new Entry(entries.copy(key) ?? new Uint8Array()).ttlMs).toBe(100);
    clock.advance(200);
    expect(entries.copy(key)).toBeUndefined();
    expect(keep({ ttlMs: 1_000 })).toBe(true);
    expect(ttlOf(0)).toBe(1_000);
  });
});

test("who wants more life than is left gets nothing", () => {
  keep({ ttlMs: 1_000 });
  clock.advance(400);
  expect([ttlOf(600), ttlOf(601)]).toEqual([600, undefined]);
});

test("what is not to be kept past its life is not", () => {
  keep({ ttlMs: 1_000 });
  clock.advance(1_000);
  expect(ttlOf(-60_000)).toBeUndefined();
});

test("nothing is older than a day in the end", () => {
  const hour = 3_600_000;
  keep({ ttlMs: hour, staleMs: 10 * hour, ageMs: limits.entryTtlMs - 2 * hour });
  clock.advance(2 * hour - 1);
  expect(ttlOf(-24 * hour)).toBe(1 - hour);
  clock.advance(1);
  expect(ttlOf(-24 * hour)).toBeUndefined();
});
