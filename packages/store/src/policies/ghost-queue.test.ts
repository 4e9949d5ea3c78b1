import fc from "fast-check";
import { expect, test } from "vitest";
import { GhostQueue } from "./ghost-queue.ts";

test("a queue of ghosts equals a list, over any sequence", () => {
  const step = fc.record({
    takes: fc.boolean(),
    fingerprint: fc.nat(400),
    size: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(step, { size: "max", maxLength: 600 }), fc.nat(900), (steps, capacity) => {
      const queue = new GhostQueue(capacity);
      let list: { fingerprint: number; size: number }[] = [];
      const total = () => list.reduce((sum, { size }) => sum + size, 0);
      for (const { takes, fingerprint, size } of steps) {
        const isThere = list.some((ghost) => ghost.fingerprint === fingerprint);
        if (takes) {
          expect(queue.take(fingerprint)).toBe(isThere);
          list = list.filter((ghost) => ghost.fingerprint !== fingerprint);
        } else {
          queue.add(fingerprint, size);
          if (isThere || size > capacity) continue;
          while (total() + size > capacity) list.shift();
          list.push({ fingerprint, size });
        }
      }
      expect([...queue.fingerprints()]).toEqual(list.map(({ fingerprint }) => fingerprint));
      expect(queue.size).toBe(total());
    }),
    { numRuns: 50 },
  );
});
