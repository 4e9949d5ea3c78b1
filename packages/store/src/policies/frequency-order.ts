import assert from "node:assert";
import { noSlot, type Slot } from "../slot.ts";
import { moreSlots, SlotInts } from "../slot-arrays.ts";
import { SlotLinks } from "../slot-links.ts";
import type { EvictionOrder } from "./eviction-order.ts";

/** A group of slots that were asked for equally often; 0 is none, and stands at both ends. */
type Bucket = number;
const noBucket: Bucket = 0;
const leastBuckets = 64;
/** The words of a bucket. */
const [firstWord, nextWord, previousWord, frequencyWord] = [0, 1, 2, 3];

/**
 * Plain LFU in O(1): buckets in ascending order of frequency, each a list of slots (Shah, Mitra,
 * Matani: "An O(1) algorithm for implementing the LFU cache eviction scheme", 2010). The first
 * slot of the first bucket goes next.
 *
 * A put counts 1 and each hit or new value 1 more. Among equals the one goes that was touched
 * least recently, as slots join their bucket at its end. Counts end with the entry.
 *
 * They do not age, unless that is asked for: then a newcomer counts 1 more than whoever went last, as
 * in LFU-DA (Arlitt, Cherkasova, Dilley, Friedrich, Jin: "Evaluating content management techniques
 * for web proxy caches", 2000). So what was popular once, and is not any more, is overtaken. A hit
 * still counts 1, where LFU-DA adds the age again, since that is what keeps a step O(1).
 *
 * Invariant: no bucket is empty but that of a lifted slot, so there are never more than slots.
 */
export class FrequencyOrder implements EvictionOrder {
  readonly #links: SlotLinks;
  readonly #bucketOf: SlotInts;
  /**
   * Of each bucket the first slot, the next bucket and the previous one, and the frequency, a
   * double: one hot key can pass 2³² in an hour.
   */
  readonly #buckets = new SlotInts(5, leastBuckets);
  /** The bucket of the slot that is lifted, which stays meanwhile, as the place it returns to. */
  #lifted: Bucket = noBucket;
  /** Of buckets not in use; they go on in `#next`. */
  #free: Bucket = noBucket;
  #fresh = 1;
  readonly #ages: boolean;
  /** What the last that went had counted. Invariant: nobody here counts less. */
  #age = 0;

  constructor(slots: number, ages = false) {
    this.#ages = ages;
    this.#links = new SlotLinks(slots);
    this.#bucketOf = new SlotInts(1, slots);
  }

  grow(slots: number): void {
    this.#links.grow(slots);
    this.#bucketOf.grow(slots);
  }

  resize(): void {}

  expect(): void {}

  add(slot: Slot): void {
    // One step at most: only who counts as little as the age comes before.
    let before = noBucket;
    const frequency = this.#age + 1;
    while (this.#isBelow(this.#after(before), frequency)) before = this.#after(before);
    this.#enter(slot, this.#bucketAfter(before, frequency));
  }

  touch(slot: Slot): void {
    const bucket = this.#bucketOf.get(slot, 0);
    const frequency = this.#frequencyOf(bucket) + 1;
    const next = this.#after(bucket);
    // Alone, and nobody there to join: the bucket moves with its slot.
    if (this.#links.next(slot) === slot && this.#frequencyOf(next) !== frequency) {
      this.#buckets.setDouble(bucket, frequencyWord, frequency);
      return;
    }
    const target = this.#bucketAfter(bucket, frequency);
    this.remove(slot);
    this.#enter(slot, target);
  }

  remove(slot: Slot): void {
    const bucket = this.#bucketOf.get(slot, 0);
    this.#leave(slot, bucket);
    this.#releaseIfEmpty(bucket);
  }

  lift(slot: Slot): void {
    this.#unpin();
    const bucket = this.#bucketOf.get(slot, 0);
    this.#leave(slot, bucket);
    this.#lifted = bucket;
  }

  lower(_lifted: Slot, slot: Slot): void {
    const bucket = this.#lifted;
    this.#enter(slot, this.#bucketAfter(bucket, this.#frequencyOf(bucket) + 1));
    this.#unpin();
  }

  evict(): Slot {
    let bucket = this.#after(noBucket);
    if (this.#firstOf(bucket) === noSlot) bucket = this.#after(bucket);
    const slot = this.#firstOf(bucket);
    if (slot === noSlot) return noSlot;
    if (this.#ages) this.#age = this.#frequencyOf(bucket);
    this.#leave(slot, bucket);
    this.#releaseIfEmpty(bucket);
    return slot;
  }

  *slots(): Generator<Slot> {
    let last: Bucket = noBucket;
    for (let at = this.#after(noBucket); at !== noBucket; at = this.#after(at)) {
      assert(this.#buckets.get(at, previousWord) === last, `the links at bucket ${at} disagree`);
      const [frequency, before] = [this.#frequencyOf(at), this.#frequencyOf(last)];
      assert(frequency > before, "buckets ascend");
      assert(this.#firstOf(at) !== noSlot || at === this.#lifted, `bucket ${at} is empty`);
      for (const slot of this.#links.walk(this.#firstOf(at))) {
        assert(this.#bucketOf.get(slot, 0) === at, `slot ${slot} is in another bucket`);
        yield slot;
      }
      last = at;
    }
    assert(this.#buckets.get(noBucket, previousWord) === last, "the last bucket is known");
  }

  #isBelow(bucket: Bucket, frequency: number): boolean {
    return bucket !== noBucket && this.#frequencyOf(bucket) < frequency;
  }

  #leave(slot: Slot, bucket: Bucket): void {
    this.#buckets.set(bucket, firstWord, this.#links.remove(this.#firstOf(bucket), slot));
  }

  #enter(slot: Slot, bucket: Bucket): void {
    this.#bucketOf.set(slot, 0, bucket);
    this.#buckets.set(bucket, firstWord, this.#links.append(this.#firstOf(bucket), slot));
  }

  /** The bucket of that frequency, which is the one after `bucket` or is put there. */
  #bucketAfter(bucket: Bucket, frequency: number): Bucket {
    const next = this.#after(bucket);
    if (next !== noBucket && this.#frequencyOf(next) === frequency) return next;
    const created = this.#takeBucket();
    this.#buckets.setDouble(created, frequencyWord, frequency);
    this.#tie(bucket, created);
    this.#tie(created, next);
    return created;
  }

  #takeBucket(): Bucket {
    if (this.#free === noBucket) return this.#freshBucket();
    const bucket = this.#free;
    this.#free = this.#after(bucket);
    return bucket;
  }

  #firstOf(bucket: Bucket): Slot {
    return this.#buckets.get(bucket, firstWord) as Slot;
  }

  #frequencyOf(bucket: Bucket): number {
    return this.#buckets.getDouble(bucket, frequencyWord);
  }

  #after(bucket: Bucket): Bucket {
    return this.#buckets.get(bucket, nextWord);
  }

  #freshBucket(): Bucket {
    if (this.#fresh === this.#buckets.slots) this.#buckets.grow(moreSlots(this.#fresh));
    return this.#fresh++;
  }

  #unpin(): void {
    const bucket = this.#lifted;
    this.#lifted = noBucket;
    if (bucket !== noBucket) this.#releaseIfEmpty(bucket);
  }

  #releaseIfEmpty(bucket: Bucket): void {
    if (this.#firstOf(bucket) === noSlot && bucket !== this.#lifted) this.#release(bucket);
  }

  #release(bucket: Bucket): void {
    this.#tie(this.#buckets.get(bucket, previousWord), this.#after(bucket));
    this.#buckets.set(bucket, nextWord, this.#free);
    this.#free = bucket;
  }

  #tie(bucket: Bucket, next: Bucket): void {
    this.#buckets.set(bucket, nextWord, next);
    this.#buckets.set(next, previousWord, bucket);
  }
}
