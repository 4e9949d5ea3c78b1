import fc from "fast-check";
import { expect, test } from "vitest";
import { Deadlines, type Timed } from "./deadlines.ts";

test("deadlines come in order, and what was removed does not come", () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ add: fc.nat(20) }),
      fc.record({ remove: fc.nat() }),
      fc.record({ take: fc.nat(25) }),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (todo) => {
      const deadlines = new Deadlines<Timed>();
      let expected: Timed[] = [];
      for (const step of todo) {
        if ("add" in step) {
          const item = { dueMs: step.add, place: -1 };
          deadlines.add(item);
          expected.push(item);
        } else if ("remove" in step) {
          const [item] = expected.splice(step.remove % Math.max(1, expected.length), 1);
          if (item === undefined) continue;
          deadlines.remove(item);
          deadlines.remove(item);
        } else {
          const due = expected.filter(({ dueMs }) => dueMs <= step.take);
          const taken = due.map(() => deadlines.takeDue(step.take));
          expect(taken.map((item) => item?.dueMs)).toEqual(
            due.map(({ dueMs }) => dueMs).sort((a, b) => a - b),
          );
          expect(deadlines.takeDue(step.take)).toBeUndefined();
          expected = expected.filter(({ dueMs }) => dueMs > step.take);
        }
        expect(deadlines.size).toBe(expected.length);
        const earliest = Math.min(...expected.map(({ dueMs }) => dueMs));
        expect(deadlines.nextMs ?? Number.POSITIVE_INFINITY).toBe(earliest);
      }
    }),
  );
});
