import fc from "fast-check";
import { expect, test } from "vitest";
import { Fifo } from "./fifo.ts";

test("it does what an array does", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 3 }), { maxLength: 400 }), (steps) => {
      const fifo = new Fifo<number>();
      const array: number[] = [];
      for (const [index, step] of steps.entries()) {
        if (step === 0) expect(fifo.shift()).toBe(array.shift());
        else {
          fifo.push(index);
          array.push(index);
        }
        expect(fifo.size).toBe(array.length);
        expect(fifo.peek()).toBe(array[0]);
      }
      while (array.length > 0) expect(fifo.shift()).toBe(array.shift());
      expect(fifo.shift()).toBeUndefined();
    }),
  );
});
