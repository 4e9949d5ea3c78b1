import { KvringError, limits } from "@kvring/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Assemblies } from "./assemblies.ts";
import { ByteBudget } from "./byte-budget.ts";

const capacityBytes = 400;

type Step =
  | { readonly do: "begin" | "pass"; readonly id: number; readonly bytes: number }
  | { readonly do: "next" | "again"; readonly id: number; readonly bytes: number }
  | { readonly do: "stray"; readonly id: number; readonly offset: number; readonly bytes: number };

const id = fc.nat(2);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constantFrom("begin" as const, "begin" as const, "pass" as const),
      id,
      bytes: fc.oneof(fc.integer({ min: 1, max: 150 }), fc.maxSafeNat()),
    }),
    {
      weight: 8,
      arbitrary: fc.record({ do: fc.constant("next" as const), id, bytes: fc.nat(90) }),
    },
    fc.record({ do: fc.constant("again" as const), id, bytes: fc.nat(90) }),
    fc.record({
      do: fc.constant("stray" as const),
      id,
      offset: fc.oneof(fc.nat(100), fc.maxSafeNat()),
      bytes: fc.nat(90),
    }),
  ),
  { maxLength: 60, size: "max" },
);

/** What a value has at each place: so a byte in a wrong place shows. */
const byteAt = (value: number, offset: number): number => (value * 37 + offset) & 0xff;
const chunkOf = (value: number, offset: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => byteAt(value, offset + index));

describe("values in chunks", () => {
  test("that come cut, reordered, doubled, unannounced or too large are whole or refused, in bounds", () => {
    let ended = 0;
    fc.assert(
      fc.property(steps, (tried) => {
        const budget = new ByteBudget(capacityBytes);
        const assemblies = new Assemblies<number>(budget);
        /** What an honest peer has sent of each value. */
        const sent = new Map<
          number,
          { readonly value: number; readonly total: number; offset: number }
        >();
        let value = 0;
        for (const step of tried) {
          try {
            if (step.do === "begin" || step.do === "pass") {
              value += 1;
              assemblies[step.do](step.id, value, step.bytes);
              sent.set(step.id, { value, total: step.bytes, offset: 0 });
            } else {
              const known = sent.get(step.id) ?? { value: 0, total: 0, offset: 0 };
              const offset =
                step.do === "stray" ? step.offset : step.do === "next" ? known.offset : 0;
              // Mostly what fits: a value that never ends shows nothing.
              const left = known.total - offset;
              const length =
                left > 0 && step.bytes % 8 > 0 ? Math.min(step.bytes, left) : step.bytes;
              const bytes = chunkOf(known.value, offset, length);
              const whole = assemblies.add({ operationId: step.id, offset, bytes });
              known.offset = offset + bytes.length;
              if (whole !== undefined) {
                ended += 1;
                expect(whole.item).toBe(known.value);
                expect(whole.value).toEqual(
                  Buffer.from(chunkOf(known.value, 0, whole.value.length)),
                );
              }
            }
          } catch (error) {
            expect(error).toBeInstanceOf(KvringError);
          }
          expect(budget.takenBytes).toBeLessThanOrEqual(capacityBytes);
        }
        assemblies.close();
        expect(budget.takenBytes).toBe(0);
      }),
      { numRuns: 500 },
    );
    expect(ended).toBeGreaterThan(100);
  });

  test("that were announced too large, twice, or in a flood are refused before memory is taken", () => {
    const budget = new ByteBudget(Number.MAX_SAFE_INTEGER);
    const assemblies = new Assemblies<string>(budget);
    expect(() => assemblies.begin(1, "a", limits.messageBytes + 1)).toThrow("at most");
    expect(budget.takenBytes).toBe(0);
    for (let operation = 0; operation < 16; operation += 1) assemblies.begin(operation, "a", 8);
    expect(() => assemblies.begin(3, "b", 8)).toThrow("announced twice");
    expect(() => assemblies.pass(16, "b", 8)).toThrow("more than 16");
    expect(budget.takenBytes).toBe(16 * 8);
    assemblies.close();
  });
});
