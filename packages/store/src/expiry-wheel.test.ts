import assert from "node:assert";
import { limits } from "@kvring/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ExpiryWheel, tickMs, wheelWords } from "./expiry-wheel.ts";
import { noSlot, type Slot } from "./slot.ts";
import { SlotInts } from "./slot-arrays.ts";
import { noticedTick } from "./testing/noticed-tick.ts";

const slots = 40;

/** Times by which expiries fall into the present tick, the next ones, and the last possible. */
const spanMs = fc.oneof(
  fc.constantFrom(0, 0.5, tickMs - 1, tickMs, 90_000, limits.entryTtlMs - 1, limits.entryTtlMs),
  // About where the next level begins.
  fc.integer({ min: 1_020, max: 1_025 }).map((ticks) => ticks * tickMs),
  fc.integer({ min: 1_020 * 64, max: 1_025 * 64 }).map((ticks) => ticks * tickMs),
  fc.double({ min: 0, max: limits.entryTtlMs, noNaN: true }),
);

test("gives exactly those whose bucket is over, the longest overdue first", () => {
  const steps = fc.array(
    fc.record({ action: fc.constantFrom("add", "remove", "take", "wait"), spanMs, pick: fc.nat() }),
    { maxLength: 80, size: "max" },
  );
  fc.assert(
    fc.property(steps, spanMs, (sequence, startMs) => {
      let nowMs = startMs;
      const wheel = new ExpiryWheel(new SlotInts(wheelWords, slots), nowMs);
      /** Per slot, when it is noticed. */
      const expected = new Map<Slot, number>();
      for (const { action, spanMs: ms, pick } of sequence) {
        const slot = (1 + (pick % (slots - 1))) as Slot;
        if (action === "wait") nowMs += pick % 5 === 0 ? 2 * ms : ms / 1_000;
        if (action === "remove" && expected.delete(slot)) wheel.remove(slot);
        const due = wheel.due(nowMs);
        const overdue = [...expected.values()].filter((tick) => tick <= nowMs / tickMs);
        assert.equal(due === noSlot, overdue.length === 0);
        if (due !== noSlot) assert.equal(expected.get(due), Math.min(...overdue));
        if (action === "take" && due !== noSlot) {
          wheel.remove(due);
          expected.delete(due);
        }
        if (action === "add" && !expected.has(slot)) {
          wheel.add(slot, nowMs, nowMs + ms);
          expected.set(slot, noticedTick(nowMs + ms, nowMs));
        }
      }
      expect(new Set(wheel.slots())).toEqual(new Set(expected.keys()));
    }),
    { numRuns: 150 },
  );
});

test.each([
  [0, 1],
  [900_000, 1],
  [3_600_000, 64],
  [limits.entryTtlMs, 4_096],
])("a life of %i ms is noticed up to %i s late, and never early", (ttlMs, spanS) => {
  for (const startMs of [0, 1, 999, 63_000, 4_095_999, 17 * 4_096_000 + 5]) {
    const wheel = new ExpiryWheel(new SlotInts(wheelWords, 4), startMs);
    wheel.add(1 as Slot, startMs, startMs + ttlMs);
    expect(wheel.due(startMs + ttlMs)).toBe(noSlot);
    expect(wheel.due(startMs + ttlMs + spanS * tickMs + tickMs)).toBe(1);
    expect(spanS * tickMs).toBeLessThanOrEqual(Math.max(tickMs, ttlMs / 15));
  }
});

test("a million that expire at once are one step", () => {
  const many = 1_000_000;
  const wheel = new ExpiryWheel(new SlotInts(wheelWords, many + 1), 0);
  for (let slot = 1; slot <= many; slot++) wheel.add(slot as Slot, 0, 3_600_000);
  let taken = 0;
  // Nothing but the one that is asked for is touched; a cascade would show in the count of reads.
  for (let slot = wheel.due(3_700_000); slot !== noSlot && taken < 4; taken++) {
    wheel.remove(slot);
    slot = wheel.due(3_700_000);
  }
  expect(taken).toBe(4);
  let left = 0;
  for (const _ of wheel.slots()) left += 1;
  expect(left).toBe(many - 4);
});

test("an expiry beyond the horizon is a mistake", () => {
  const wheel = new ExpiryWheel(new SlotInts(wheelWords, 4), 0);
  expect(() => wheel.add(1 as Slot, 0, limits.entryTtlMs + 3 * tickMs)).toThrow("horizon");
});
