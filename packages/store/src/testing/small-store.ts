import { limits, ManualClock } from "@kvring/core";
import { entryBytes } from "../charge.ts";
import { createStoreIn } from "../create-store.ts";
import { slabSizesFor } from "../slab-memory.ts";
import { type PolicyChoice, policyChoices, type Store } from "../store.ts";
import type { ValueMemory } from "../value-memory.ts";
import { PoisonedMemory, PoisonedSlabs } from "./poisoned-memory.ts";

export const valueBytes = 1_000;
/** Room for exactly four entries with values of that size. */
export function capacityFor(policy: PolicyChoice): number {
  return 4 * entryBytes(valueBytes, policy);
}
export const forever = { ttlMs: limits.entryTtlMs, costMs: 1 };

export function keyOf(name: number | string): Uint8Array {
  const key = new Uint8Array(32);
  key.set(Buffer.from(String(name)));
  return key;
}

export function filled(length: number, byte: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

const memories = {
  allocations: (policy: PolicyChoice) => new PoisonedMemory(policy),
  slabs: (policy: PolicyChoice) => new PoisonedSlabs(slabSizesFor(capacityFor(policy), policy)),
} satisfies Record<string, (policy: PolicyChoice) => ValueMemory>;
export type MemoryName = keyof typeof memories;

/** What every suite over all stores runs on. */
export const kindsOfStore = policyChoices.flatMap((policy) =>
  (["allocations", "slabs"] as const).map((memory) => ({ policy, memory })),
);

/** A store for four values, over memory that punishes late readers, at a time that is not 0. */
export class SmallStore {
  readonly clock = new ManualClock();
  readonly store: Store;

  constructor(policy: PolicyChoice, memory: MemoryName) {
    this.clock.advance(12_345.5);
    const capacityBytes = capacityFor(policy);
    this.store = createStoreIn(memories[memory](policy), {
      policy,
      capacityBytes,
      clock: this.clock,
    });
  }

  put(name: number | string, byte = 1, length = valueBytes, ttlMs = forever.ttlMs): boolean {
    return this.store.put(keyOf(name), filled(length, byte), { ttlMs, costMs: 1 });
  }

  /** W-TinyLFU lets nobody push out who was seen as often. */
  popularise(name: number | string): void {
    for (let hit = 0; hit < 3; hit++) this.store.get(keyOf(name));
  }

  /** Those of the names that are there. */
  present(...names: (number | string)[]): (number | string)[] {
    return names.filter((name) => this.store.peek(keyOf(name)) !== undefined);
  }
}
