import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Hedging } from "./hedging.ts";

const options = { leastMs: 2, mostMs: 100, share: 0.1 };
const slow = { node: "slow" };
const quick = { node: "quick" };
const unknown = { node: "unknown" };

function measured(given: Partial<typeof options> = {}): Hedging {
  const hedging = new Hedging({ ...options, ...given });
  for (let read = 0; read < 256; read += 1) {
    hedging.waited(slow, 5_000);
    hedging.waited(quick, read < 240 ? 1 : 20);
  }
  return hedging;
}

/** Sends hedges until none may be sent; how many there were. */
function exhaust(hedging: Hedging, waitedMs: number, other: object): number {
  let sent = 0;
  while (sent < 1_000 && hedging.maySend(waitedMs, other)) sent += 1;
  return sent;
}

describe("the delay", () => {
  test("is what 95 of 100 reads of this owner take at most, within its bounds", () => {
    const hedging = measured();
    expect(hedging.delayMs(quick)).toBe(20);
    expect(hedging.delayMs(slow)).toBe(options.mostMs);
    expect(measured({ leastMs: 50 }).delayMs(quick)).toBe(50);
  });

  test("is the longest for an owner of whom nothing is known", () => {
    expect(measured().delayMs(unknown)).toBe(options.mostMs);
  });

  test("follows what an owner takes of late", () => {
    const hedging = measured();
    for (let read = 0; read < 256; read += 1) hedging.waited(quick, 7);
    expect(hedging.delayMs(quick)).toBe(7);
  });
});

describe("the budget", () => {
  test("lets a share of all reads be hedged, and a few at once after a quiet time", () => {
    const hedging = measured();
    expect(exhaust(hedging, 5, quick)).toBe(10);
    for (let read = 0; read < 95; read += 1) hedging.asked();
    expect(exhaust(hedging, 5, quick)).toBe(9);
    for (let read = 0; read < 10_000; read += 1) hedging.asked();
    expect(exhaust(hedging, 5, quick)).toBe(10);
    expect(hedging.counts).toEqual({ sent: 29, won: 0, withheld: 3 });
  });

  test("is never exceeded where all nodes are slow, or unknown, whatever comes when", () => {
    const events = fc.array(fc.constantFrom("read", "hedge", "late hedge"), {
      maxLength: 3_000,
      size: "max",
    });
    fc.assert(
      fc.property(events, fc.constantFrom(slow, unknown), (happened, other) => {
        const hedging = measured();
        let reads = 0;
        for (const event of happened) {
          if (event === "read") {
            hedging.asked();
            reads += 1;
          } else hedging.maySend(event === "hedge" ? 5 : 5_000, other);
        }
        expect(hedging.counts.sent).toBeLessThanOrEqual(10 + options.share * reads);
      }),
    );
  });

  test("does not bind a read that has waited longest, where the next owner is quick", () => {
    const hedging = measured();
    exhaust(hedging, 5, quick);
    expect(hedging.maySend(99, quick)).toBe(false);
    expect(hedging.maySend(100, quick)).toBe(true);
    expect(hedging.maySend(100, slow)).toBe(false);
  });

  test("of 0 forbids all hedges", () => {
    const hedging = measured({ share: 0 });
    expect([hedging.maySend(5, quick), hedging.maySend(5_000, quick)]).toEqual([false, false]);
  });
});
