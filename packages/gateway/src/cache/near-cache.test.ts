import { Entry, encodeEntry, isAtLeast, ManualClock, type Position } from "@kvring/core";
import { describe, expect, test } from "vitest";
import { NearCache } from "./near-cache.ts";

const key = new Uint8Array(32).fill(7);
const epoch = 11;
const anyAge = undefined;
const from = (sequence: number, of = epoch): Position => ({ epoch: of, sequence });

const since = (sequence: number) => (entry: Entry) => isAtLeast(entry.born, from(sequence));

function entry(header: {
  readonly ageMs?: number;
  readonly ttlMs?: number;
  readonly born?: Position;
}) {
  const { ageMs = 0, ttlMs = 10_000, born = from(5) } = header;
  const digest = "ab".repeat(32);
  const bytes = encodeEntry(
    { born, ageMs, ttlMs, costMs: 3, digest, scopes: [] },
    Buffer.from("answer"),
  );
  return new Entry(bytes);
}

function nearCache(): { readonly clock: ManualClock; readonly near: NearCache } {
  const clock = new ManualClock();
  return { clock, near: new NearCache(2 ** 20, clock) };
}

describe("a near cache", () => {
  test("gives what was put, with its age and the life that is left", () => {
    const { clock, near } = nearCache();
    near.put(key, entry({ ageMs: 2_000 }));
    clock.advance(3_000);
    const found = near.get(key, anyAge, since(0));
    expect(found).toMatchObject({ ageMs: 5_000, ttlMs: 7_000 });
    expect(Buffer.from(found?.entry.body ?? []).toString()).toBe("answer");
    expect(near.get(new Uint8Array(32), anyAge, since(0))).toBeUndefined();
  });

  test("keeps a copy: what was put may change afterwards", () => {
    const { near } = nearCache();
    const lent = entry({});
    near.put(key, lent);
    lent.bytes.fill(0);
    expect(near.get(key, anyAge, since(0))?.entry.born).toEqual(from(5));
  });

  test("forgets an entry when its life ends, and takes none without", () => {
    const { clock, near } = nearCache();
    near.put(key, entry({ ttlMs: 0 }));
    expect(near.size).toBe(0);
    near.put(key, entry({}));
    clock.advance(9_999);
    expect(near.get(key, anyAge, since(0))?.ttlMs).toBe(1);
    clock.advance(1);
    expect(near.get(key, anyAge, since(0))).toBeUndefined();
  });

  test("gives nothing older than max-age, and keeps it for who is less strict", () => {
    const { clock, near } = nearCache();
    near.put(key, entry({ ageMs: 1_000 }));
    clock.advance(1_000);
    expect(near.get(key, 1_999, since(0))).toBeUndefined();
    expect(near.get(key, 2_000, since(0))?.ageMs).toBe(2_000);
    expect(near.get(key, anyAge, since(0))?.ageMs).toBe(2_000);
  });

  test("drops what was born before the least that may be given", () => {
    const { near } = nearCache();
    near.put(key, entry({}));
    expect(near.get(key, anyAge, since(5))).toBeDefined();
    expect(near.get(key, anyAge, since(6))).toBeUndefined();
    expect(near.size).toBe(0);
  });

  test("drops what was born in another epoch, also in one with later positions", () => {
    const { near } = nearCache();
    near.put(key, entry({ born: from(1_000_000, epoch + 1) }));
    expect(near.get(key, anyAge, since(0))).toBeUndefined();
    expect(near.size).toBe(0);
  });

  test("stays within its capacity", () => {
    const near = new NearCache(2 ** 14, new ManualClock());
    for (let index = 0; index < 200; index += 1) {
      near.put(Buffer.alloc(32, `${index}`.padStart(4, "0")), entry({}));
    }
    expect(near.size).toBeGreaterThan(10);
    expect(near.size).toBeLessThan(200);
    expect(near.usedBytes).toBeLessThanOrEqual(near.capacityBytes);
    expect(near.capacityBytes).toBe(2 ** 14);
  });

  test("of size 0 is off", () => {
    const near = new NearCache(0, new ManualClock());
    near.put(key, entry({}));
    expect(near.get(key, anyAge, since(0))).toBeUndefined();
    expect(near).toMatchObject({ size: 0, usedBytes: 0, capacityBytes: 0 });
  });
});
