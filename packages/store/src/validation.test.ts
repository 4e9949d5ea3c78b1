import { ManualClock } from "@kvring/core";
import { describe, expect, test } from "vitest";
import { createStoreIn } from "./create-store.ts";
import { ExpiryWheel, wheelWords } from "./expiry-wheel.ts";
import { KeyIndex, keyWords } from "./key-index.ts";
import { Residency } from "./residency.ts";
import { noSlot, type Slot } from "./slot.ts";
import { SlotInts } from "./slot-arrays.ts";
import { SlotLinks } from "./slot-links.ts";
import { OwnAllocations } from "./testing/own-allocations.ts";

/** The validators that the other tests rely on do see what is wrong. */

const [one, two, three] = [1, 2, 3] as [Slot, Slot, Slot];

class LyingMemory extends OwnAllocations {
  lieBytes = 0;

  override chargeOf(slot: Slot): number {
    return super.chargeOf(slot) + this.lieBytes;
  }
}

describe("a store", () => {
  test("whose entries take other bytes than were charged", () => {
    const memory = new LyingMemory("lru");
    const clock = new ManualClock();
    const store = createStoreIn(memory, { policy: "lru", capacityBytes: 2 ** 20, clock });
    store.put(new Uint8Array(32), new Uint8Array(5), { ttlMs: 1_000, costMs: 1 });
    store.validate();
    memory.lieBytes = 1;
    expect(() => store.validate()).toThrow("used bytes");
  });
});

describe("the books of a residency", () => {
  function settledOne(): Residency {
    const residency = new Residency(8, new OwnAllocations("lru"));
    expect(residency.settle(new Uint8Array(3))).toBe(one);
    return residency;
  }

  test("a slot that the index lost", () => {
    expect(() => settledOne().validate(new Set())).toThrow("used bytes");
  });

  test("a hold that was released too often", () => {
    const residency = settledOne();
    residency.hold(one);
    residency.release(one);
    residency.release(one);
    expect(() => residency.validate(new Set([one]))).toThrow("held bytes");
  });

  test("a slot that is detached and can be found", () => {
    const residency = settledOne();
    residency.hold(one);
    residency.leave(one);
    expect(() => residency.validate(new Set([one]))).toThrow();
  });

  test("memory that could not be had leaves them as they were", () => {
    const memory = new OwnAllocations("lru");
    const residency = new Residency(8, memory);
    memory.write = () => false;
    expect(residency.settle(new Uint8Array(3))).toBe(noSlot);
    expect(residency.usedBytes).toBe(0);
    residency.validate(new Set());
  });
});

test("a list whose links disagree", () => {
  const links = new SlotLinks(8);
  const first = links.append(links.append(links.append(0 as Slot, one), two), three);
  links.append(two, two);
  expect(() => [...links.walk(first)]).toThrow("disagree");
});

test("an index in which a key is twice", () => {
  const index = new KeyIndex(new SlotInts(keyWords, 8), 0);
  index.add(new Uint8Array(32), one);
  index.add(new Uint8Array(32), two);
  expect(() => [...index.slots()]).toThrow("not found by its key");
});

test("a wheel in which a slot stands at another time", () => {
  const wheel = new ExpiryWheel(new SlotInts(wheelWords, 8), 0);
  wheel.add(one, 0, 5_000);
  wheel.add(two, 0, 5_000);
  wheel.add(one, 0, 9_000);
  expect(() => [...wheel.slots()]).toThrow();
});
