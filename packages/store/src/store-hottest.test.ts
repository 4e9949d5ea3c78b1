import { describe, expect, test } from "vitest";
import { keyOf, kindsOfStore, SmallStore } from "./testing/small-store.ts";

describe.each(kindsOfStore)("the hottest keys of the $policy store in $memory", (kind) => {
  test("are given the last to go first, and all of them once", () => {
    const small = new SmallStore(kind.policy, kind.memory);
    for (const name of ["a", "b", "c", "d"]) small.put(name);
    for (const name of ["c", "a", "c"]) small.store.get(keyOf(name));
    const hottest = namesOf(small.store.hottestKeys(10));
    expect(hottest.toSorted()).toEqual(["a", "b", "c", "d"]);
    expect(namesOf(small.store.hottestKeys(2))).toEqual(hottest.slice(0, 2));
    // Each newcomer pushes out who is the coldest then; only the newcomers themselves may go before.
    const gone: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const before = hottest.filter((name) => small.present(name).length > 0);
      small.put(`new ${round}`);
      gone.push(...before.filter((name) => small.present(name).length === 0));
    }
    expect(gone[0]).toBe(hottest.at(-1));
    small.store.validate();
  });

  test("are none in an empty store", () => {
    const { store } = new SmallStore(kind.policy, kind.memory);
    expect(store.hottestKeys(5)).toHaveLength(0);
  });
});

function namesOf(keys: Uint8Array): string[] {
  return Array.from({ length: keys.length / 32 }, (_, index) =>
    Buffer.from(keys.subarray(32 * index, 32 * index + 32))
      .toString()
      .replace(/\0+$/, ""),
  );
}
