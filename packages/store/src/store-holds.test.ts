import type { ManualClock } from "@kvring/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { entryBytes } from "./charge.ts";
import type { Store } from "./store.ts";
import { poison } from "./testing/poisoned-memory.ts";
import {
  capacityFor,
  filled,
  keyOf,
  kindsOfStore,
  SmallStore,
  valueBytes,
} from "./testing/small-store.ts";

describe.each(kindsOfStore)("the $policy store in $memory holds", ({ policy, memory }) => {
  const capacityBytes = capacityFor(policy);
  let clock: ManualClock;
  let store: Store;
  let put: SmallStore["put"];
  let present: SmallStore["present"];
  let popularise: SmallStore["popularise"];

  beforeEach(() => {
    const small = new SmallStore(policy, memory);
    ({ clock, store } = small);
    put = small.put.bind(small);
    present = small.present.bind(small);
    popularise = small.popularise.bind(small);
  });
  afterEach(() => store.validate());

  const endings: [string, () => void][] = [
    ["evicted", () => ["b", "c", "d", "e"].map((name) => [put(name, 2), popularise(name)])],
    ["replaced", () => put("a", 2)],
    ["deleted", () => store.delete(keyOf("a"))],
    ["cleared", () => store.clear()],
    ["expired", () => [clock.advance(60_000), store.get(keyOf("a"))]],
  ];
  test.each(endings)("a value that is %s meanwhile until its release", (_, end) => {
    put("a", 7, valueBytes, 60_000);
    const held = store.hold(keyOf("a"));
    end();
    expect(store.peek(keyOf("a"))?.bytes[0]).not.toBe(7);
    expect(held?.bytes).toEqual(filled(valueBytes, 7));
    const { usedBytes, size } = store;
    expect(usedBytes).toBe((size + 1) * entryBytes(valueBytes, policy));
    store.validate();
    held?.release();
    expect(store.usedBytes).toBe(size * entryBytes(valueBytes, policy));
    expect(held?.bytes[500]).toBe(poison);
  });

  test("a value that stays, without changing what is charged", () => {
    put("a", 7);
    const held = store.hold(keyOf("a"));
    expect(store.usedBytes).toBe(entryBytes(valueBytes, policy));
    held?.release();
    expect([store.usedBytes, present("a")]).toEqual([entryBytes(valueBytes, policy), ["a"]]);
  });

  test("several times: each release counts once, the last one frees", () => {
    put("a", 7);
    const [first, second] = [store.hold(keyOf("a")), store.hold(keyOf("a"))];
    store.delete(keyOf("a"));
    first?.release();
    first?.release();
    expect(second?.bytes[0]).toBe(7);
    expect(store.usedBytes).toBe(entryBytes(valueBytes, policy));
    second?.release();
    expect([store.usedBytes, second?.bytes[500]]).toEqual([0, poison]);
    second?.release();
    expect(store.usedBytes).toBe(0);
  });

  test("a late second release does not touch who has the memory now", () => {
    put("a", 7);
    const held = store.hold(keyOf("a"));
    store.delete(keyOf("a"));
    held?.release();
    put("b", 8);
    const other = store.hold(keyOf("b"));
    held?.release();
    store.delete(keyOf("b"));
    expect(other?.bytes[0]).toBe(8);
    other?.release();
  });

  test("bytes that nothing else can have: what needs them is refused, and evicts nobody", () => {
    for (let name = 0; name < 4; name++) put(name);
    const held = [0, 1, 2].map((name) => store.hold(keyOf(name)));
    store.delete(keyOf(0));
    expect(put("large", 1, 2 * valueBytes)).toBe(false);
    expect(store.counters).toMatchObject({ rejections: 1, evictions: 0 });
    expect(present(1, 2, 3)).toEqual([1, 2, 3]);
    for (const one of held) one?.release();
    expect(put("large", 1, 2 * valueBytes)).toBe(true);
  });

  test("an entry that is evicted while it is held leaves at once, and the next one goes too", () => {
    for (let name = 0; name < 4; name++) put(name);
    popularise(3);
    const held = store.hold(keyOf(0));
    put("new");
    expect(present(0, 1, 2, 3, "new")).toEqual([2, 3, "new"]);
    expect(store.usedBytes).toBe(capacityBytes);
    held?.release();
    expect(store.usedBytes).toBe(capacityBytes - entryBytes(valueBytes, policy));
  });
});
