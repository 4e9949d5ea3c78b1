import { randomInt } from "node:crypto";
import { type Clock, KvringError } from "@kvring/core";
import { BoundedStore } from "./bounded-store.ts";
import { SlabMemory, slabSizesFor } from "./slab-memory.ts";
import { type PolicyChoice, policyChoices, type Store } from "./store.ts";
import type { ValueMemory } from "./value-memory.ts";

export interface StoreOptions {
  readonly policy: PolicyChoice;
  /** All that entries may take: values, keys, metadata. See `capacityRange`. */
  readonly capacityBytes: number;
  readonly clock: Clock;
  /** Whether counts of `lfu` age, so that what was popular once is overtaken. Default: no. */
  readonly lfuAges?: boolean;
}

/** Room for one small entry, and what 32 bits address in granules. */
export const capacityRange = Object.freeze({ leastBytes: 4_096, mostBytes: 64 * 1024 ** 3 });

/** Throws BAD_CONFIG for a policy or a capacity that cannot be meant. */
export function createStore(options: StoreOptions): Store {
  const { policy, capacityBytes } = options;
  checkPolicy(policy);
  checkAgeing(options);
  checkCapacity(capacityBytes);
  return createStoreIn(new SlabMemory(slabSizesFor(capacityBytes, policy)), options);
}

/** A store whose values live in that memory. */
export function createStoreIn(
  memory: ValueMemory,
  { policy, capacityBytes, clock, lfuAges = false }: StoreOptions,
  hashSeed: number = randomInt(2 ** 32),
): Store {
  return new BoundedStore({ policy, capacityBytes, clock, memory, hashSeed, lfuAges });
}

function checkPolicy(policy: string): void {
  if (policyChoices.some((name) => name === policy)) return;
  throw new KvringError(
    "BAD_CONFIG",
    `there is no eviction policy "${policy}": choose one of ${policyChoices.join(", ")}`,
  );
}

function checkAgeing({ policy, lfuAges = false }: StoreOptions): void {
  if (!lfuAges || policy === "lfu") return;
  throw new KvringError(
    "BAD_CONFIG",
    `the policy is ${policy}, and only counts of lfu can age: choose lfu, or leave ageing out`,
  );
}

function checkCapacity(capacityBytes: number): void {
  const { leastBytes, mostBytes } = capacityRange;
  const isInRange = capacityBytes >= leastBytes && capacityBytes <= mostBytes;
  if (isInRange && Number.isInteger(capacityBytes)) return;
  throw new KvringError(
    "BAD_CONFIG",
    `a store cannot have ${capacityBytes} bytes: a whole number from ${leastBytes} to ${mostBytes} is possible`,
  );
}
