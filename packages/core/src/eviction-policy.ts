/**
 * Who goes when room is needed: the least recently used; the least frequently used, of equals the
 * least recently used; the first that came; SIEVE, S3-FIFO, W-TinyLFU; and GDSF, which weighs what
 * computing an answer again would take. `store/src/policies` has them, each with its source.
 *
 * Entries name one by its place here (`entry.ts`): a new one goes to the end, and seven are the most.
 */
export const policyNames = ["lru", "lfu", "fifo", "sieve", "s3-fifo", "w-tinylfu", "gdsf"] as const;
export type PolicyName = (typeof policyNames)[number];

export function isPolicyName(name: string): name is PolicyName {
  return policyNames.some((policy) => policy === name);
}
