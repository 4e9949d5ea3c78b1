import { expect, test } from "vitest";
import { moreSlots, SlotInts, segmentSlots } from "./slot-arrays.ts";

test("records keep what they hold while they grow, and new ones are empty", () => {
  const ints = new SlotInts(5, 4);
  const others = ints.from(2).from(1);
  let next = 1;
  for (let slots = 4; slots <= 3 * segmentSlots; slots = moreSlots(slots)) {
    ints.grow(slots);
    expect([ints.slots, ints.get(slots - 1, 2), others.getDouble(slots - 1, 0)]).toEqual([
      slots,
      0,
      0,
    ]);
    for (; next < slots; next++) {
      ints.set(next, 0, next);
      ints.set(next, 2, -next);
      others.setDouble(next, 0, next / 2);
    }
  }
  for (let slot = 1; slot < next; slot++) {
    if (ints.get(slot, 0) !== slot || ints.get(slot, 1) !== 0 || ints.get(slot, 2) !== -slot)
      throw new Error(`the record of slot ${slot} is wrong`);
    if (others.getDouble(slot, 0) !== slot / 2)
      throw new Error(`the double of slot ${slot} is wrong`);
  }
  expect(next).toBeGreaterThan(2 * segmentSlots);
});

test("a segment that was filled is never copied again", () => {
  const ints = new SlotInts(1, segmentSlots);
  const first = ints.words(0);
  ints.grow(moreSlots(ints.slots));
  ints.grow(moreSlots(ints.slots));
  expect(ints.words(0)).toBe(first);
  expect(ints.words(2 * segmentSlots)).not.toBe(first);
  expect(ints.slots).toBe(3 * segmentSlots);
});
