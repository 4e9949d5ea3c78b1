import fc from "fast-check";
import { expect, test } from "vitest";
import { formatPosition, isAtLeast, nowhere, supersedes } from "./position.ts";

const anyPosition = fc.record({ epoch: fc.nat({ max: 2 }), sequence: fc.nat({ max: 4 }) });

test("within an epoch, positions are in order", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.maxSafeNat(), (a, b, epoch) => {
      const [one, other] = [a, b].map((sequence) => ({ epoch, sequence }));
      if (one === undefined || other === undefined) return;
      expect(isAtLeast(one, other)).toBe(a >= b);
      expect(supersedes(one, other)).toBe(a >= b);
    }),
  );
});

test("what was born in another epoch is never recent enough", () => {
  expect(isAtLeast({ epoch: 1, sequence: 5000 }, { epoch: 2, sequence: 1 })).toBe(false);
  expect(isAtLeast({ epoch: 2, sequence: 5000 }, { epoch: 1, sequence: 1 })).toBe(false);
  expect(isAtLeast(nowhere, { epoch: 1, sequence: 0 })).toBe(false);
});

test("between epochs the newcomer is kept, since nobody can say which is later", () => {
  expect(supersedes({ epoch: 1, sequence: 1 }, { epoch: 2, sequence: 9 })).toBe(true);
  expect(supersedes({ epoch: 2, sequence: 1 }, { epoch: 1, sequence: 9 })).toBe(true);
});

test("of two values one at least may replace the other", () => {
  fc.assert(
    fc.property(anyPosition, anyPosition, (a, b) => {
      expect(supersedes(a, b) || supersedes(b, a)).toBe(true);
      if (isAtLeast(a, b)) expect(supersedes(a, b)).toBe(true);
    }),
  );
});

test("positions are written with their epoch", () => {
  expect(formatPosition({ epoch: 46_655, sequence: 12 })).toBe("zzz:12");
  expect(formatPosition(nowhere)).toBe("0:0");
});
