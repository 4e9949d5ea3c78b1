import { limits, ManualClock } from "@kvring/core";
import { createStoreIn } from "../create-store.ts";
import type { PolicyName, Store } from "../store.ts";
import { entryBytes } from "../value-memory.ts";
import { PoisonedMemory } from "./poisoned-memory.ts";

export const valueBytes = 1_000;
/** Room for exactly four entries with values of that size. */
export const capacityBytes = 4 * entryBytes(valueBytes);
export const forever = { ttlMs: limits.entryTtlMs, costMs: 1 };

export function keyOf(name: number | string): Uint8Array {
  const key = new Uint8Array(32);
  key.set(Buffer.from(String(name)));
  return key;
}

export function filled(length: number, byte: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

/** A store for four values, over memory that punishes late readers, at a time that is not 0. */
export class SmallStore {
  readonly clock = new ManualClock();
  readonly store: Store;

  constructor(policy: PolicyName) {
    this.clock.advance(12_345.5);
    this.store = createStoreIn(new PoisonedMemory(), { policy, capacityBytes, clock: this.clock });
  }

  put(name: number | string, byte = 1, length = valueBytes, ttlMs = forever.ttlMs): boolean {
    return this.store.put(keyOf(name), filled(length, byte), { ttlMs, costMs: 1 });
  }

  /** Those of the names that are there. */
  present(...names: (number | string)[]): (number | string)[] {
    return names.filter((name) => this.store.peek(keyOf(name)) !== undefined);
  }
}
