import assert from "node:assert";
import { ManualClock } from "@kvring/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { entryBytes } from "./charge.ts";
import { createStoreIn } from "./create-store.ts";
import { type HeldValue, type PolicyName, policyNames, type Store } from "./store.ts";
import { NaiveStore, twinSeed } from "./testing/naive-store.ts";
import { PoisonedMemory } from "./testing/poisoned-memory.ts";
import { keyOf } from "./testing/small-store.ts";
import { randomFrom, zipf } from "./testing/zipf.ts";

/** The real store beside its slow twin: every step is done to both, and all answers compared. */
class Pair {
  readonly #clock = new ManualClock();
  readonly #real: Store;
  readonly #naive: NaiveStore;
  readonly #held: { real: HeldValue; naive: NonNullable<ReturnType<NaiveStore["hold"]>> }[] = [];
  #writes = 0;

  constructor(policy: PolicyName, capacityBytes: number) {
    const memory = new PoisonedMemory(policy);
    const options = { policy, capacityBytes, clock: this.#clock };
    this.#real = createStoreIn(memory, options, twinSeed);
    this.#naive = new NaiveStore(policy, capacityBytes, (name) => Buffer.alloc(32, name));
  }

  do(step: Step): void {
    const { name, amount } = step;
    const key = Buffer.alloc(32, name);
    const nowMs = this.#clock.nowMs();
    switch (step.action) {
      case "get":
        this.#same(this.#real.get(key), this.#naive.get(name, nowMs));
        break;
      case "peek":
        this.#same(this.#real.peek(key), this.#naive.peek(name, nowMs));
        break;
      case "put":
        this.#put(name, key, amount, step.ttlMs);
        break;
      case "delete":
        assert.equal(this.#real.delete(key), this.#naive.delete(name, nowMs));
        break;
      case "hold":
        this.#hold(name, key);
        break;
      case "release":
        this.#release(amount);
        break;
      case "advance":
        this.#clock.advance(step.ttlMs);
        break;
      case "clear":
        this.#real.clear();
        this.#naive.clear();
        break;
    }
    // Node's comparison: there are a hundred thousand of them, and vitest's takes ten times longer.
    assert.equal(this.#real.usedBytes, this.#naive.usedBytes, "used bytes");
    assert.equal(this.#real.size, this.#naive.size, "size");
    assert.deepEqual(this.#real.counters, this.#naive.counters);
    for (const { real, naive } of this.#held) assert.equal(text(real.bytes), naive.value);
  }

  validate(): void {
    this.#real.validate();
  }

  #put(name: string, key: Uint8Array, amount: number, ttlMs: number): void {
    const value = String(this.#writes++).padEnd(amount, ".");
    const costMs = (amount * 7) % 11;
    const stored = this.#real.put(key, Buffer.from(value), { ttlMs, costMs });
    assert.equal(stored, this.#naive.put(name, value, ttlMs, this.#clock.nowMs(), costMs));
  }

  #hold(name: string, key: Uint8Array): void {
    const [real, naive] = [this.#real.hold(key), this.#naive.hold(name, this.#clock.nowMs())];
    this.#same(real, naive);
    if (real !== undefined && naive !== undefined) this.#held.push({ real, naive });
  }

  #release(which: number): void {
    const [held] = this.#held.splice(which % Math.max(1, this.#held.length), 1);
    if (held === undefined) return;
    held.real.release();
    held.real.release();
    this.#naive.release(held.naive);
  }

  #same(real: ReturnType<Store["get"]>, naive: ReturnType<NaiveStore["get"]>): void {
    assert.equal(real === undefined, naive === undefined, "whether it was found");
    if (real === undefined || naive === undefined) return;
    assert.equal(text(real.bytes), naive.value);
    assert.equal(real.ageMs, this.#clock.nowMs() - naive.putAtMs);
    assert.equal(real.ttlMs, naive.expiresAtMs - this.#clock.nowMs());
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

interface Step {
  readonly action: "get" | "peek" | "put" | "delete" | "hold" | "release" | "advance" | "clear";
  readonly name: string;
  /** The size of a value, or which hold is released. */
  readonly amount: number;
  /** The life of an entry, or the time that passes. */
  readonly ttlMs: number;
}

const action = fc.oneof(
  { weight: 30, arbitrary: fc.constant("put" as const) },
  { weight: 30, arbitrary: fc.constant("get" as const) },
  { weight: 8, arbitrary: fc.constant("advance" as const) },
  { weight: 5, arbitrary: fc.constantFrom("peek" as const, "delete" as const) },
  { weight: 8, arbitrary: fc.constantFrom("hold" as const, "release" as const) },
  { weight: 1, arbitrary: fc.constant("clear" as const) },
);
const step: fc.Arbitrary<Step> = fc.record({
  action,
  name: fc.constantFrom(..."abcdefghijkl"),
  amount: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 5_000 })),
  ttlMs: fc.oneof(
    fc.constantFrom(0.25, 999.75, 1_000, 2_000, 5_000),
    fc.integer({ min: 1, max: 20_000 }),
    // More than an expected session, so that most entries live.
    fc.constant(80_000_000),
  ),
});

describe.each(policyNames)("the %s store equals its slow twin", (policy) => {
  test("in every answer, byte and count, over any sequence", () => {
    const steps = fc.array(step, { minLength: 1, maxLength: 120, size: "max" });
    fc.assert(
      fc.property(steps, fc.integer({ min: 4_096, max: 9_000 }), (sequence, capacityBytes) => {
        const pair = new Pair(policy, capacityBytes);
        for (const one of sequence) pair.do(one);
        pair.validate();
      }),
      { numRuns: 60 },
    );
  });

  test("while it grows, with many keys", () => {
    const random = randomFrom(policy.length);
    const pair = new Pair(policy, 300 * entryBytes(20, policy));
    for (let count = 0; count < 2_000; count++) {
      const name = String.fromCharCode(0x100 + random(500));
      const ttlMs = 1 + random(60_000);
      const picked = random(10);
      const chosen = picked < 6 ? "put" : picked < 9 ? "get" : "advance";
      pair.do({
        action: chosen,
        name,
        amount: random(40),
        ttlMs: chosen === "advance" ? 50 : ttlMs,
      });
      if (count % 500 === 0) pair.validate();
    }
    pair.validate();
  });
});

describe("hits on Zipf-distributed requests", () => {
  const names = zipf(8_000, 1_000, 0.9);
  const sizeOf = (name: number) => 20 + ((name * 37) % 160);

  function hitsOf(policy: PolicyName): { real: number; naive: number } {
    const clock = new ManualClock();
    const capacityBytes = 80 * entryBytes(100, policy);
    const options = { policy, capacityBytes, clock };
    const real = createStoreIn(new PoisonedMemory(policy), options, twinSeed);
    const naive = new NaiveStore(policy, capacityBytes, keyOf);
    for (const name of names) {
      const key = keyOf(name);
      const options = { ttlMs: 1_000, costMs: 1 };
      if (real.get(key) === undefined) real.put(key, new Uint8Array(sizeOf(name)), options);
      const text = String(name);
      if (naive.get(text, 0) === undefined) naive.put(text, "x".repeat(sizeOf(name)), 1_000, 0, 1);
    }
    real.validate();
    expect(real.counters).toEqual(naive.counters);
    return { real: real.counters.hits, naive: naive.counters.hits };
  }

  // Counted once by the slow twin: a change of policy must not go unnoticed.
  test.each([
    ["lru", 3_426],
    ["lfu", 4_088],
    ["fifo", 3_040],
    ["sieve", 4_122],
    ["s3-fifo", 4_165],
    ["w-tinylfu", 4_240],
    ["gdsf", 4_008],
  ] as const)("%s", (policy, expected) => {
    expect(hitsOf(policy)).toEqual({ real: expected, naive: expected });
  });
});
