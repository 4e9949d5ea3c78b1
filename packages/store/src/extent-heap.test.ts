import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { granuleBytes } from "./charge.ts";
import { ExtentHeap } from "./extent-heap.ts";
import { type Address, nowhere, Slabs } from "./slabs.ts";

const slabGranules = 1_024;

function heapOf(slabs: number): ExtentHeap {
  const heap = new ExtentHeap(new Slabs(slabGranules * granuleBytes));
  for (let slab = 0; slab < slabs; slab++) heap.grow(slabGranules);
  return heap;
}

describe("a heap of extents", () => {
  test("gives what does not overlap, and has it all again in the end", () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 1_022 }));
    const steps = fc.array(fc.record({ granules: sizes, gives: fc.boolean(), which: fc.nat() }), {
      size: "max",
      maxLength: 300,
    });
    fc.assert(
      fc.property(steps, (sequence) => {
        const heap = heapOf(3);
        const most = heap.freeGranules;
        const taken: [Address, number][] = [];
        for (const { granules, gives, which } of sequence) {
          if (gives) {
            const [gone] = taken.splice(which % Math.max(1, taken.length), 1);
            if (gone !== undefined) heap.give(gone[0]);
            continue;
          }
          const address = heap.take(granules);
          if (address === nowhere) continue;
          expect(heap.sizeOf(address)).toBe(granules);
          for (const [other, size] of taken) {
            expect(address + granules <= other || other + size <= address).toBe(true);
          }
          taken.push([address, granules]);
        }
        heap.validate();
        for (const [address] of taken) heap.give(address);
        heap.validate();
        expect(heap.freeGranules).toBe(most);
        // Joined again: the longest extent of each slab can be had.
        for (let slab = 0; slab < 3; slab++) expect(heap.take(slabGranules - 2)).not.toBe(nowhere);
        expect(heap.take(1)).toBe(nowhere);
      }),
      { numRuns: 60 },
    );
  });

  test("takes an extent that fits before it cuts a longer one", () => {
    const heap = heapOf(1);
    const sizes = [70, 3, 90, 3, 68, 3];
    const [seventy = 0, , ninety = 0, , sixtyEight = 0] = sizes.map((size) => heap.take(size));
    for (const address of [seventy, ninety, sixtyEight]) heap.give(address);
    expect([heap.take(90), heap.take(68), heap.take(70)]).toEqual([ninety, sixtyEight, seventy]);
  });

  test("gives parts where nothing is as long", () => {
    const heap = heapOf(1);
    expect(heap.take(2_000)).toBe(nowhere);
    expect(heap.sizeOf(heap.takePart(2_000))).toBe(slabGranules - 2);
    expect(heap.takePart(1)).toBe(nowhere);
  });

  test("is not given what it never gave", () => {
    const heap = heapOf(1);
    const address = heap.take(5);
    heap.give(address);
    expect(() => heap.give(address)).toThrow("only what was taken");
  });

  test("keeps a slab within its numbers", () => {
    const heap = heapOf(0);
    expect(heap.take(1)).toBe(nowhere);
    expect(heap.grow(2)).toBe(false);
    expect(() => heap.grow(slabGranules + 1)).toThrow("no longer than its addresses");
  });
});
