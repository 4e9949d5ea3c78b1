import assert from "node:assert";
import { limits } from "@kvring/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ExpiryWheel, tickMs } from "./expiry-wheel.ts";
import { noSlot, type Slot } from "./slot.ts";

const slots = 40;

/** Times by which expiries fall into the present tick, the next ones, and the last possible. */
const spanMs = fc.oneof(
  fc.constantFrom(0, 0.5, tickMs - 1, tickMs, 90_000, limits.entryTtlMs - 1, limits.entryTtlMs),
  fc.double({ min: 0, max: limits.entryTtlMs, noNaN: true }),
);

test("gives exactly those whose second is over, the longest overdue first", () => {
  const steps = fc.array(
    fc.record({ action: fc.constantFrom("add", "remove", "take", "wait"), spanMs, pick: fc.nat() }),
    { maxLength: 80, size: "max" },
  );
  fc.assert(
    fc.property(steps, spanMs, (sequence, startMs) => {
      let nowMs = startMs;
      const wheel = new ExpiryWheel(slots, nowMs);
      const expected = new Map<Slot, number>();
      const tickOf = (ms: number) => Math.floor(ms / tickMs);
      for (const { action, spanMs: ms, pick } of sequence) {
        const slot = (1 + (pick % (slots - 1))) as Slot;
        if (action === "wait") nowMs += pick % 5 === 0 ? 2 * ms : ms / 1_000;
        if (action === "remove" && expected.delete(slot)) wheel.remove(slot);
        const due = wheel.due(nowMs);
        const overdue = [...expected].filter(([, atMs]) => tickOf(atMs) < tickOf(nowMs));
        const [first] = overdue.sort(([, a], [, b]) => tickOf(a) - tickOf(b));
        assert.equal(due === noSlot, first === undefined);
        if (first !== undefined) assert.equal(tickOf(wheel.expiresAtMs(due)), tickOf(first[1]));
        if (action === "take" && due !== noSlot) {
          wheel.remove(due);
          expected.delete(due);
        }
        if (action === "add" && !expected.has(slot)) {
          wheel.add(slot, nowMs + ms);
          expected.set(slot, nowMs + ms);
        }
      }
      expect(new Set(wheel.slots())).toEqual(new Set(expected.keys()));
    }),
    { numRuns: 150 },
  );
});

test("an expiry beyond the horizon is a mistake", () => {
  const wheel = new ExpiryWheel(4, 0);
  expect(() => wheel.add(1 as Slot, limits.entryTtlMs + 3 * tickMs)).toThrow("horizon");
});
