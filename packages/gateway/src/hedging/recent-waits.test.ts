import fc from "fast-check";
import { expect, test } from "vitest";
import { RecentWaits } from "./recent-waits.ts";

const waits = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 700 });

/** The quantile of the last 256 at the last multiple of 16, the long way. */
function twin(all: readonly number[], quantile: number): number | undefined {
  const recent = all.slice(0, all.length - (all.length % 16)).slice(-256);
  return recent.toSorted((a, b) => a - b)[Math.ceil(quantile * recent.length) - 1];
}

test("is the quantile of what came of late, and nothing before there is enough", () => {
  fc.assert(
    fc.property(waits, fc.constantFrom(0.5, 0.95, 1), (all, quantile) => {
      const recent = new RecentWaits(quantile);
      for (const wait of all) recent.add(wait);
      expect(recent.quantileMs).toBe(twin(all, quantile));
    }),
  );
});
