import { keyBytes } from "./key-index.ts";
import type { PolicyChoice } from "./store.ts";

/** Memory is given in granules of this size, so that every free piece can hold its own links. */
export const granuleBytes = 16;

/** In front of every piece of a value: how long it is, and where the value goes on. */
export const pieceHeaderBytes = 8;

/** Beside every entry, outside of policies: its key, up to 12 in the table, wheel 20, memory 8. */
const storeBytes = keyBytes + 40;

/**
 * What a policy's arrays take per entry: S3-FIFO has 20 and 28 for ghosts, W-TinyLFU 20 and 8 for
 * its sketch.
 */
export const orderBytes: Record<PolicyChoice, number> = {
  lru: 8,
  lfu: 12,
  fifo: 8,
  sieve: 12,
  "s3-fifo": 48,
  "w-tinylfu": 28,
  gdsf: 32,
  // The largest of them, and 16 for what an order that comes new has to be told.
  adaptive: 64,
};

/** All that an entry takes beside its value's memory. */
export function metadataBytes(policy: PolicyChoice): number {
  return storeBytes + orderBytes[policy];
}

/** What an entry with a value of that size is charged, its value lying in one piece. */
export function entryBytes(valueBytes: number, policy: PolicyChoice): number {
  return metadataBytes(policy) + granulesFor(valueBytes) * granuleBytes;
}

/** A piece that holds so many bytes. */
export function granulesFor(bytes: number): number {
  return Math.ceil((pieceHeaderBytes + bytes) / granuleBytes);
}
