import { randomInt } from "node:crypto";
import { type Clock, KvringError } from "@kvring/core";
import { BoundedStore } from "./bounded-store.ts";
import type { EvictionOrder } from "./eviction-order.ts";
import { FrequencyOrder } from "./frequency-order.ts";
import { QueueOrder } from "./queue-order.ts";
import { SlabMemory, slabSizesFor } from "./slab-memory.ts";
import { type PolicyName, policyNames, type Store } from "./store.ts";
import type { ValueMemory } from "./value-memory.ts";

export interface StoreOptions {
  readonly policy: PolicyName;
  /** All that entries may take: values, keys, metadata. See `capacityRange`. */
  readonly capacityBytes: number;
  readonly clock: Clock;
}

/** Room for one small entry, and what 32 bits address in granules. */
export const capacityRange = Object.freeze({ leastBytes: 4_096, mostBytes: 64 * 1024 ** 3 });

/** Throws BAD_CONFIG for a policy or a capacity that cannot be meant. */
export function createStore(options: StoreOptions): Store {
  const { policy, capacityBytes } = options;
  checkPolicy(policy);
  checkCapacity(capacityBytes);
  return createStoreIn(new SlabMemory(slabSizesFor(capacityBytes, policy)), options);
}

/** A store whose values live in that memory. */
export function createStoreIn(memory: ValueMemory, options: StoreOptions): Store {
  const { policy, capacityBytes, clock } = options;
  const orderOf = (slots: number): EvictionOrder => orderFor(policy, slots);
  const hashSeed = randomInt(2 ** 32);
  return new BoundedStore({ policy, capacityBytes, clock, memory, orderOf, hashSeed });
}

function orderFor(policy: PolicyName, slots: number): EvictionOrder {
  switch (policy) {
    case "lru":
      return new QueueOrder(slots, "recency");
    case "fifo":
      return new QueueOrder(slots, "arrival");
    case "lfu":
      return new FrequencyOrder(slots);
  }
}

function checkPolicy(policy: string): void {
  if (policyNames.some((name) => name === policy)) return;
  throw new KvringError(
    "BAD_CONFIG",
    `there is no eviction policy "${policy}": choose one of ${policyNames.join(", ")}`,
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
