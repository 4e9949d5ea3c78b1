import { describe, expect, test } from "vitest";
import type { EvictionOrder } from "./eviction-order.ts";
import { FrequencyOrder } from "./frequency-order.ts";
import { QueueOrder } from "./queue-order.ts";
import { noSlot, type Slot } from "./slot.ts";

const orders: [string, (slots: number) => EvictionOrder][] = [
  ["recency", (slots) => new QueueOrder(slots, "recency")],
  ["arrival", (slots) => new QueueOrder(slots, "arrival")],
  ["frequency", (slots) => new FrequencyOrder(slots)],
];
const [one, two, three, four] = [1, 2, 3, 4] as [Slot, Slot, Slot, Slot];

describe.each(orders)("the order by %s", (_, orderOf) => {
  test("has a victim other than the one spared, if there is another", () => {
    const order = orderOf(8);
    expect([order.victim(noSlot), order.victim(one)]).toEqual([noSlot, noSlot]);
    order.add(one);
    expect([order.victim(noSlot), order.victim(one)]).toEqual([one, noSlot]);
    order.add(two);
    expect([order.victim(noSlot), order.victim(one), order.victim(two)]).toEqual([one, two, one]);
    order.remove(one);
    expect([order.victim(noSlot), order.victim(two)]).toEqual([two, noSlot]);
  });

  test("puts a replacement where its key belongs", () => {
    const order = orderOf(8);
    for (const slot of [one, two, three]) order.add(slot);
    order.replace(one, four);
    expect([...order.slots()]).toEqual([two, three, four]);
  });
});

describe("the order by frequency", () => {
  test("spares across groups", () => {
    const order = new FrequencyOrder(8);
    for (const slot of [one, two]) order.add(slot);
    order.touch(two);
    expect(order.victim(one)).toBe(two);
  });

  test("lets the least recent of equals go, and starts anew when an entry comes again", () => {
    const order = new FrequencyOrder(8);
    for (const slot of [one, two, three]) order.add(slot);
    for (const slot of [three, one, three, one]) order.touch(slot);
    expect([...order.slots()]).toEqual([two, three, one]);
    order.remove(one);
    order.add(one);
    expect([...order.slots()]).toEqual([two, one, three]);
  });

  test("keeps the frequency of a key whose value is replaced", () => {
    const order = new FrequencyOrder(8);
    for (const slot of [one, two]) order.add(slot);
    for (const slot of [one, one, two]) order.touch(slot);
    order.replace(one, three);
    expect([...order.slots()]).toEqual([two, three]);
    for (const slot of [two, two]) order.touch(slot);
    // Both 4 times now: three was touched first.
    expect([...order.slots()]).toEqual([three, two]);
  });

  test("has as many groups as slots, and uses each again", () => {
    const order = new FrequencyOrder(5);
    const slots = [one, two, three, four];
    for (let round = 0; round < 50; round++) {
      for (const slot of slots) order.add(slot);
      for (const [at, slot] of slots.entries()) {
        for (let touches = 0; touches < at * 3; touches++) order.touch(slot);
      }
      expect([...order.slots()]).toEqual(slots);
      for (const slot of slots) order.remove(slot);
      expect([...order.slots()]).toEqual([]);
    }
  });
});
