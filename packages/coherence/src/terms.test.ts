import fc from "fast-check";
import { expect, test } from "vitest";
import { checkTerms, evictAfterMs, leaseMs, renewEveryMs } from "./terms.ts";

const anyTerms = fc.record({
  waitMs: fc.double({ min: 10, max: 600_000, noNaN: true }),
  drift: fc.double({ min: 0, max: 0.2, noNaN: true }),
});

test("whatever two clocks do, a lease is over when somebody has waited D since it was asked for", () => {
  const rate = (drift: number, lean: number): number => 1 + drift * lean;
  fc.assert(
    fc.property(
      anyTerms,
      fc.double({ min: -1, max: 1 }),
      fc.double({ min: -1, max: 1 }),
      (terms, a, b) => {
        const holdsTrueMs = leaseMs(terms) / rate(terms.drift, a || 0);
        const waitsTrueMs = terms.waitMs / rate(terms.drift, b || 0);
        expect(holdsTrueMs).toBeLessThanOrEqual(waitsTrueMs * (1 + 1e-12));
      },
    ),
  );
});

test("a lease is asked for in time for two more attempts, and silence means two missed heartbeats", () => {
  fc.assert(
    fc.property(anyTerms, fc.double({ min: 1, max: 1e6, noNaN: true }), (terms, wantedMs) => {
      const renewMs = renewEveryMs(terms, wantedMs);
      expect(3 * renewMs).toBeLessThanOrEqual(leaseMs(terms) * (1 + 1e-12));
      expect(evictAfterMs(terms, wantedMs)).toBeGreaterThanOrEqual(2 * renewMs);
    }),
  );
});

test.each([
  [{ waitMs: 9, drift: 0 }, "must be from 10 to 600000 ms"],
  [{ waitMs: Number.NaN, drift: 0 }, "must be from 10 to 600000 ms"],
  [{ waitMs: 15_000, drift: -0.1 }, "must be 0 to 0.2"],
  [{ waitMs: 15_000, drift: 1 }, "must be 0 to 0.2"],
])("terms %o are refused", (terms, why) => {
  expect(() => checkTerms(terms)).toThrow(why);
});
