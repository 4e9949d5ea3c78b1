import type { Adaptation } from "../adaptation/curve.ts";
import type { Slot } from "../slot.ts";
import type { PolicyName } from "../store.ts";
import type { FrequencySketch } from "./frequency-sketch.ts";

/** What a policy may know of an entry. */
export interface Arrival {
  /** 32 bits of a hash of the key; of a trace, a number that no other key has. */
  readonly fingerprint: number;
  /** In the unit of the capacity: what the entry is charged, or 1 where entries are counted. */
  readonly size: number;
  /** What computing it again would take. */
  readonly costMs: number;
  /** Of who knows which policy is best for it: see `HintedOrder`. Absent: that of all others. */
  readonly policy?: PolicyName | undefined;
}

/**
 * Who goes next: all that tells one policy from another. It knows slots, sizes and fingerprints,
 * never values, so that a store and a trace's replay run the same code.
 *
 * All operations but `slots` are O(1), over any sequence of them.
 */
export interface EvictionOrder {
  /** Of one that changes its policy. */
  readonly adaptation?: Adaptation | undefined;
  /** What it takes beside what entries are charged; absent: nothing. */
  readonly overheadBytes?: number;
  grow(slots: number): void;
  /** The capacity changes, and with it what shares of it are; nobody goes for that. */
  resize(capacity: number): void;
  /** A key that is not here comes next: `add` follows, after as many `evict` as it needs. */
  expect(arrival: Arrival): void;
  add(slot: Slot, arrival: Arrival): void;
  /** It was asked for, and given. */
  touch(slot: Slot): void;
  /** It goes, for other reasons than this order's. */
  remove(slot: Slot): void;
  /** A new value comes for its key: it is out of the order until `lower`, or for good. */
  lift(slot: Slot): void;
  /** The new value is there, in that slot or another: it counts as an access and an arrival. */
  lower(lifted: Slot, slot: Slot, arrival: Arrival): void;
  /** The first to go, which is taken out; `noSlot` when there is none. */
  evict(): Slot;
  /** All slots, about in the order in which they would go; the structure checked. For validation. */
  slots(): Iterable<Slot>;
}

/** What an order is made for: its capacity and, to begin with, so many slots. */
export interface OrderOptions {
  readonly slots: number;
  readonly capacity: number;
  /** To the last bit of published figures, where a store would rather be fast: see `CostOrder`. */
  readonly asPublished?: boolean;
  /** Whether LFU forgets: see `FrequencyOrder`. */
  readonly lfuAges?: boolean;
  /** For W-TinyLFU, where it is not to be made for as many keys as there are slots. */
  readonly sketch?: FrequencySketch;
}
