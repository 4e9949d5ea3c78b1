import assert from "node:assert";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noSlot, type Slot } from "./slot.ts";
import { SlotInts } from "./slot-arrays.ts";
import { SlotTable } from "./slot-table.ts";

/** A table of numbers; `spread` 0 gives all of them one hash, so that one line holds everything. */
function tableOf(spread: number) {
  const keys = new SlotInts(1, 70_000);
  const hashOf = (words: Int32Array, at: number) =>
    Math.imul(words[at] as number, 0x9e3779b1) & spread;
  const table = new SlotTable(keys, 1, hashOf);
  const find = (key: number) => {
    const wanted = Int32Array.of(key);
    return table.find(wanted, hashOf(wanted, 0));
  };
  const add = (key: number, slot: number) => {
    keys.set(slot, 0, key);
    table.add(slot as Slot);
  };
  return { table, find, add };
}

describe.each([0, 0xff, 0xff000000, -1])("a table of hashes with the bits %i", (spread) => {
  test("equals a map, over any sequence", () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 90 })), {
      size: "max",
      minLength: 100,
      maxLength: 600,
    });
    fc.assert(
      fc.property(steps, (sequence) => {
        const { table, find, add } = tableOf(spread);
        const expected = new Map<number, Slot>();
        for (const [isAdd, key] of sequence) {
          const slot = expected.get(key);
          assert.equal(find(key), slot ?? noSlot);
          if (isAdd && slot === undefined) {
            add(key, 1_000 - key);
            expected.set(key, (1_000 - key) as Slot);
          } else if (!isAdd && slot !== undefined) {
            table.remove(slot);
            expected.delete(key);
          }
        }
        assert.deepEqual([...table.slots()].sort(), [...expected.values()].sort());
        assert.equal(table.size, expected.size);
      }),
      { numRuns: 100 },
    );
  });
});

test("it takes some ten bytes for each, however many there are", () => {
  const { table, add } = tableOf(-1);
  for (let key = 1; key < 70_000; key++) {
    add(key, key);
    // The first lines are not full.
    if (key > 500) assert(table.bytes / key < 12, `${table.bytes / key} bytes at ${key}`);
  }
  expect([...table.slots()]).toHaveLength(69_999);
});

test("what is not there is not removed", () => {
  const { table, add } = tableOf(-1);
  add(1, 1);
  expect(() => table.remove(2 as Slot)).toThrow("only what was added");
});
