import assert from "node:assert";
import { grownDoubles, grownInts, noSlot, type Slot } from "../slot.ts";
import { SlotLinks } from "../slot-links.ts";
import type { EvictionOrder } from "./eviction-order.ts";

/** A group of slots that were asked for equally often; 0 is none, and stands at both ends. */
type Bucket = number;
const noBucket: Bucket = 0;

/**
 * Plain LFU in O(1): buckets in ascending order of frequency, each a list of slots (Shah, Mitra,
 * Matani: "An O(1) algorithm for implementing the LFU cache eviction scheme", 2010). The first
 * slot of the first bucket goes next.
 *
 * A put counts 1 and each hit or new value 1 more. Among equals the one goes that was touched
 * least recently, as slots join their bucket at its end. Counts do not age, and end with the entry.
 *
 * Invariant: no bucket is empty but that of a lifted slot, so there are never more than slots.
 */
export class FrequencyOrder implements EvictionOrder {
  readonly #links: SlotLinks;
  #bucketOf: Int32Array;
  #first: Int32Array;
  #next: Int32Array;
  #previous: Int32Array;
  /** Doubles: one hot key can pass 2³² in an hour. */
  #frequency: Float64Array;
  /** The bucket of the slot that is lifted, which stays meanwhile, as the place it returns to. */
  #lifted: Bucket = noBucket;
  /** Of buckets not in use; they go on in `#next`. */
  #free: Bucket = noBucket;
  #fresh = 1;

  constructor(slots: number) {
    this.#links = new SlotLinks(slots);
    this.#bucketOf = new Int32Array(slots);
    this.#first = new Int32Array(slots);
    this.#next = new Int32Array(slots);
    this.#previous = new Int32Array(slots);
    this.#frequency = new Float64Array(slots);
  }

  grow(slots: number): void {
    this.#links.grow(slots);
    this.#bucketOf = grownInts(this.#bucketOf, slots);
    this.#first = grownInts(this.#first, slots);
    this.#next = grownInts(this.#next, slots);
    this.#previous = grownInts(this.#previous, slots);
    this.#frequency = grownDoubles(this.#frequency, slots);
  }

  expect(): void {}

  add(slot: Slot): void {
    this.#enter(slot, this.#bucketAfter(noBucket, 1));
  }

  touch(slot: Slot): void {
    const bucket = this.#bucketOf[slot] as Bucket;
    const frequency = (this.#frequency[bucket] as number) + 1;
    const next = this.#next[bucket] as Bucket;
    // Alone, and nobody there to join: the bucket moves with its slot.
    if (this.#links.next(slot) === slot && this.#frequency[next] !== frequency) {
      this.#frequency[bucket] = frequency;
      return;
    }
    const target = this.#bucketAfter(bucket, frequency);
    this.remove(slot);
    this.#enter(slot, target);
  }

  remove(slot: Slot): void {
    const bucket = this.#bucketOf[slot] as Bucket;
    this.#leave(slot, bucket);
    this.#releaseIfEmpty(bucket);
  }

  lift(slot: Slot): void {
    this.#unpin();
    const bucket = this.#bucketOf[slot] as Bucket;
    this.#leave(slot, bucket);
    this.#lifted = bucket;
  }

  lower(_lifted: Slot, slot: Slot): void {
    const bucket = this.#lifted;
    this.#enter(slot, this.#bucketAfter(bucket, (this.#frequency[bucket] as number) + 1));
    this.#unpin();
  }

  evict(): Slot {
    let bucket = this.#next[noBucket] as Bucket;
    if (this.#first[bucket] === noSlot) bucket = this.#next[bucket] as Bucket;
    const slot = this.#first[bucket] as Slot;
    if (slot === noSlot) return noSlot;
    this.#leave(slot, bucket);
    this.#releaseIfEmpty(bucket);
    return slot;
  }

  *slots(): Generator<Slot> {
    let last: Bucket = noBucket;
    for (let at = this.#next[noBucket] as Bucket; at !== noBucket; at = this.#next[at] as Bucket) {
      assert(this.#previous[at] === last, `the links at bucket ${at} disagree`);
      const [frequency, before] = [this.#frequency[at] as number, this.#frequency[last] as number];
      assert(frequency > before, "buckets ascend");
      assert(this.#first[at] !== noSlot || at === this.#lifted, `bucket ${at} is empty`);
      for (const slot of this.#links.walk(this.#first[at] as Slot)) {
        assert(this.#bucketOf[slot] === at, `slot ${slot} is in another bucket`);
        yield slot;
      }
      last = at;
    }
    assert(this.#previous[noBucket] === last, "the last bucket is known");
  }

  #leave(slot: Slot, bucket: Bucket): void {
    this.#first[bucket] = this.#links.remove(this.#first[bucket] as Slot, slot);
  }

  #enter(slot: Slot, bucket: Bucket): void {
    this.#bucketOf[slot] = bucket;
    this.#first[bucket] = this.#links.append(this.#first[bucket] as Slot, slot);
  }

  /** The bucket of that frequency, which is the one after `bucket` or is put there. */
  #bucketAfter(bucket: Bucket, frequency: number): Bucket {
    const next = this.#next[bucket] as Bucket;
    if (next !== noBucket && this.#frequency[next] === frequency) return next;
    const created = this.#takeBucket();
    this.#frequency[created] = frequency;
    this.#tie(bucket, created);
    this.#tie(created, next);
    return created;
  }

  #takeBucket(): Bucket {
    if (this.#free === noBucket) return this.#fresh++;
    const bucket = this.#free;
    this.#free = this.#next[bucket] as Bucket;
    return bucket;
  }

  #unpin(): void {
    const bucket = this.#lifted;
    this.#lifted = noBucket;
    if (bucket !== noBucket) this.#releaseIfEmpty(bucket);
  }

  #releaseIfEmpty(bucket: Bucket): void {
    if (this.#first[bucket] === noSlot && bucket !== this.#lifted) this.#release(bucket);
  }

  #release(bucket: Bucket): void {
    this.#tie(this.#previous[bucket] as Bucket, this.#next[bucket] as Bucket);
    this.#next[bucket] = this.#free;
    this.#free = bucket;
  }

  #tie(bucket: Bucket, next: Bucket): void {
    this.#next[bucket] = next;
    this.#previous[next] = bucket;
  }
}
