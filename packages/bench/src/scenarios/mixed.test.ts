import fc from "fast-check";
import { expect, test } from "vitest";
import { questions } from "./mixed.ts";

test("a stream asks exactly as many new questions as it should, in order, and repeats only old ones", () => {
  const sizes = fc.record({
    fresh: fc.integer({ min: 1, max: 50 }),
    times: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(sizes, fc.nat(1_000_000), ({ fresh, times }, first) => {
      const stream = questions(fresh * times, fresh, first);
      let known = 0;
      for (const question of stream) {
        expect(question).toBeLessThanOrEqual(first + known);
        if (question === first + known) known += 1;
      }
      expect(known).toBe(fresh);
    }),
  );
});

test("the oldest question is the most popular", () => {
  const counts = new Map<number, number>();
  for (const question of questions(10_000, 100, 0)) {
    counts.set(question, (counts.get(question) ?? 0) + 1);
  }
  const [first = 0, second = 0, tenth = 0] = [0, 1, 9].map((rank) => counts.get(rank));
  expect(first).toBeGreaterThan(second);
  expect(second).toBeGreaterThan(tenth);
});
