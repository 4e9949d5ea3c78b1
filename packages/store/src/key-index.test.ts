import fc from "fast-check";
import { expect, test } from "vitest";
import { hashOf, KeyIndex, keyWords } from "./key-index.ts";
import { noSlot, type Slot } from "./slot.ts";
import { SlotInts } from "./slot-arrays.ts";

/** Few slots and few different keys, so that chains meet, wrap around and are taken apart. */
const slots = 16;

function keyOf(name: number): Uint8Array {
  return new Uint8Array(32).fill(name);
}

test("finds what was added and not removed, over any sequence", () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 40 })), {
    maxLength: 150,
    size: "max",
  });
  fc.assert(
    fc.property(steps, fc.integer(), (sequence, seed) => {
      const index = new KeyIndex(new SlotInts(keyWords, slots), seed);
      const expected = new Map<number, Slot>();
      const free = Array.from({ length: slots - 1 }, (_, at) => (at + 1) as Slot);
      for (const [isAdd, name] of sequence) {
        const slot = expected.get(name);
        expect(index.find(keyOf(name))).toBe(slot ?? noSlot);
        if (isAdd && slot === undefined) {
          const taken = free.pop();
          if (taken === undefined) continue;
          index.add(keyOf(name), taken);
          expected.set(name, taken);
        } else if (!isAdd && slot !== undefined) {
          index.remove(slot);
          expected.delete(name);
          free.push(slot);
        }
      }
      expect(new Set(index.slots())).toEqual(new Set(expected.values()));
      for (const [name, slot] of expected) expect(index.find(keyOf(name))).toBe(slot);
    }),
    { numRuns: 200 },
  );
});

test("growing keeps every key", () => {
  const keys = new SlotInts(keyWords, 4);
  const index = new KeyIndex(keys, 1);
  for (let name = 1; name < 200; name++) {
    if (name >= 4 && (name & (name - 1)) === 0) keys.grow(2 * name);
    index.add(keyOf(name), name as Slot);
  }
  expect(index.size).toBe(199);
  for (let name = 1; name < 200; name++) expect(index.find(keyOf(name))).toBe(name);
  expect([...index.slots()]).toHaveLength(199);
});

test.each([0, 1, 2, 3, 4, 5, 6, 7])("keys that differ in word %i only are spread", (word) => {
  const names = 4_096;
  const homes = (step: number) => {
    const met = new Set<number>();
    for (let name = 0; name < names; name++) {
      const words = new Int32Array(8);
      words[word] = name * step;
      met.add(hashOf(words, 0, 99) & (names - 1));
    }
    return met.size / names;
  };
  // 1 − 1/e = 63 % for a random function; a chain of collisions would show as a few per cent.
  expect(homes(1)).toBeGreaterThan(0.5);
  expect(homes(2 ** 20)).toBeGreaterThan(0.5);
});

test("removing what is not there is a mistake", () => {
  const index = new KeyIndex(new SlotInts(keyWords, 8), 0);
  index.add(keyOf(1), 1 as Slot);
  expect(() => index.remove(2 as Slot)).toThrow("only what was added");
});
