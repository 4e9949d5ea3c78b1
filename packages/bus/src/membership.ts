import { isNodeId, nodeIdRule } from "@kvring/core";
import { z } from "zod";
import { compareAndSet } from "./compare-and-set.ts";
import { checkRecord, decodeRecord, encodeRecord } from "./json-record.ts";
import type { Registry, Stoppable } from "./ports.ts";

const key = "ring";
const maxMembers = 4096;

const ringMember = z.object({
  id: z.string().refine(isNodeId, nodeIdRule),
  /** host:port of its gRPC server. */
  address: z.string().min(3).max(256),
  zone: z.string().max(64),
  /** One life of the node's process. */
  incarnation: z.string().min(1).max(64),
  state: z.enum(["active", "joining", "draining"]),
});

const ringRecord = z.object({
  /** Grows by one with every change. 0: no node ever joined. */
  version: z.int().nonnegative(),
  /** In the order of their ids. */
  members: z.array(ringMember).max(maxMembers),
});

export type RingMember = Readonly<z.infer<typeof ringMember>>;

/** Who owns keys: one immutable description, replaced as a whole by compare-and-set. */
export interface RingRecord {
  readonly version: number;
  readonly members: readonly RingMember[];
}

const noRing: RingRecord = Object.freeze({ version: 0, members: [] });

export type Joining =
  | { readonly outcome: "joined"; readonly ring: RingRecord }
  /** Another life of this id is in the ring, and was not given up for dead. */
  | { readonly outcome: "duplicate"; readonly current: RingMember; readonly ring: RingRecord };

/**
 * Enters `member`, or changes its address, zone or state when this very incarnation is in already.
 * Another incarnation of the id gives way only when it is `replaces`: the caller looked for it,
 * did not hear it, and says so by name; if meanwhile a third one took its place, that one stays.
 * Throws BAD_CONFIG for a member that the ring cannot hold, and BUS_UNAVAILABLE.
 */
export async function joinRing(
  registry: Registry,
  member: RingMember,
  options: { readonly replaces?: string } = {},
): Promise<Joining> {
  const what = `the ring member "${member.id}"`;
  const mine = checkRecord(ringMember, member, { reason: "BAD_CONFIG", what });
  return compareAndSet<Joining>(registry, key, (stored) => {
    const ring = readRing(stored?.value);
    const current = ring.members.find(({ id }) => id === mine.id);
    if (current !== undefined) {
      const ours = current.incarnation === mine.incarnation;
      if (!ours && current.incarnation !== options.replaces) {
        return { kind: "leave", outcome: { outcome: "duplicate", current, ring } };
      }
      if (ours && sameMember(current, mine)) {
        return { kind: "leave", outcome: { outcome: "joined", ring } };
      }
    }
    const others = ring.members.filter(({ id }) => id !== mine.id);
    const next = changed(ring, [...others, mine]);
    return { kind: "write", value: encodeRecord(next), outcome: { outcome: "joined", ring: next } };
  });
}

/**
 * Changes what the ring says of a member, if this incarnation is in it: false, and nothing changes,
 * when it was taken out meanwhile.
 */
export async function updateMember(
  registry: Registry,
  member: RingMember,
): Promise<{ readonly isMember: boolean; readonly ring: RingRecord }> {
  const what = `the ring member "${member.id}"`;
  const mine = checkRecord(ringMember, member, { reason: "BAD_CONFIG", what });
  return compareAndSet(registry, key, (stored) => {
    const ring = readRing(stored?.value);
    const current = ring.members.find(({ id }) => id === mine.id);
    if (current?.incarnation !== mine.incarnation) {
      return { kind: "leave", outcome: { isMember: false, ring } };
    }
    if (sameMember(current, mine)) return { kind: "leave", outcome: { isMember: true, ring } };
    const others = ring.members.filter(({ id }) => id !== mine.id);
    const next = changed(ring, [...others, mine]);
    const outcome = { isMember: true, ring: next };
    return { kind: "write", value: encodeRecord(next), outcome };
  });
}

export type Leaving =
  | { readonly outcome: "left"; readonly ring: RingRecord }
  /** This incarnation was not in the ring (any more). */
  | { readonly outcome: "absent"; readonly ring: RingRecord };

/** Takes this incarnation out of the ring; a successor under the same id stays. */
export function leaveRing(registry: Registry, id: string, incarnation: string): Promise<Leaving> {
  return compareAndSet<Leaving>(registry, key, (stored) => {
    const ring = readRing(stored?.value);
    const others = ring.members.filter(
      (member) => member.id !== id || member.incarnation !== incarnation,
    );
    if (others.length === ring.members.length) {
      return { kind: "leave", outcome: { outcome: "absent", ring } };
    }
    const next = changed(ring, others);
    return { kind: "write", value: encodeRecord(next), outcome: { outcome: "left", ring: next } };
  });
}

export type Eviction =
  | { readonly outcome: "evicted"; readonly ring: RingRecord }
  /** The ring is not the one that was judged. */
  | { readonly outcome: "changed"; readonly ring: RingRecord };

/**
 * Takes out a member that cannot be reached, if the ring is still the one of `version`. So of all
 * that judged it one is heard, and the next judgement is about the ring without that member.
 */
export function evictMember(
  registry: Registry,
  member: Pick<RingMember, "id" | "incarnation">,
  version: number,
): Promise<Eviction> {
  return compareAndSet<Eviction>(registry, key, (stored) => {
    const ring = readRing(stored?.value);
    const others = ring.members.filter(
      ({ id, incarnation }) => id !== member.id || incarnation !== member.incarnation,
    );
    if (ring.version !== version || others.length === ring.members.length) {
      return { kind: "leave", outcome: { outcome: "changed", ring } };
    }
    const next = changed(ring, others);
    const outcome = { outcome: "evicted", ring: next } as const;
    return { kind: "write", value: encodeRecord(next), outcome };
  });
}

/** The ring now and after every change. */
export async function watchRing(
  registry: Registry,
  onChange: (ring: RingRecord) => void,
): Promise<Stoppable> {
  let ring = noRing;
  let complete = false;
  // Keys that merely begin with "ring" are none of ours.
  const watch = await registry.watch(key, (change) => {
    if (change.key !== key) return;
    ring = change.kind === "set" ? readRing(change.entry.value) : noRing;
    if (complete) onChange(ring);
  });
  complete = true;
  onChange(ring);
  return watch;
}

/** A descriptor that cannot be read is an empty ring: costs misses, and the nodes join again. */
function readRing(value: Uint8Array | undefined): RingRecord {
  if (value === undefined) return noRing;
  return decodeRecord(ringRecord, value) ?? noRing;
}

function changed(ring: RingRecord, members: readonly RingMember[]): RingRecord {
  const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
  const next = { version: ring.version + 1, members: sorted };
  return checkRecord(ringRecord, next, { reason: "BAD_CONFIG", what: "the ring" });
}

function sameMember(a: RingMember, b: RingMember): boolean {
  return a.address === b.address && a.zone === b.zone && a.state === b.state;
}
