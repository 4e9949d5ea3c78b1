/** Slots of a segment: 256 KiB of words each, so a store of ten million entries has 153 of them. */
const segmentBits = 16;
export const segmentSlots = 2 ** segmentBits;
const inSegment = segmentSlots - 1;

/**
 * So many slots come next where there are `slots` now: twice as many while a copy is cheap, then a
 * segment more, and nothing is copied.
 */
export function moreSlots(slots: number): number {
  return slots < segmentSlots ? 2 * slots : slots + segmentSlots;
}

/**
 * A record of a few 32-bit words for every slot, side by side, outside the heap: what is asked for
 * together lies together, as reading memory that is in no cache of the processor is what an
 * operation mostly costs.
 *
 * It grows by segments. One array of all would have to be copied into a larger one: at a million
 * entries that stopped a put for 0.2 to 0.6 s. Finding the segment costs 9 ns in 40
 * (docs/adr-0009-slab-memory.md).
 */
export class SlotInts {
  readonly #records: Records;
  readonly #segments: readonly Int32Array[];
  readonly #width: number;
  readonly #first: number;

  /** Of `width` words for each of so many slots; or of an owner's, from its word `first` on. */
  constructor(width: number, slots: number, records = new Records(width, slots), first = 0) {
    this.#records = records;
    this.#segments = records.segments;
    this.#width = records.width;
    this.#first = first;
  }

  /** The words of the same records from `word` on, for somebody else. */
  from(word: number): SlotInts {
    return new SlotInts(this.#width, this.slots, this.#records, this.#first + word);
  }

  /** Slots that there is room for, slot 0 among them. */
  get slots(): number {
    return this.#records.slots;
  }

  get(slot: number, word: number): number {
    return this.words(slot)[this.at(slot) + word] as number;
  }

  set(slot: number, word: number, value: number): void {
    this.words(slot)[this.at(slot) + word] = value;
  }

  /** A double, which takes two words. */
  getDouble(slot: number, word: number): number {
    const view = this.#records.views[slot >>> segmentBits] as DataView;
    return view.getFloat64(4 * (this.at(slot) + word), true);
  }

  setDouble(slot: number, word: number, value: number): void {
    const view = this.#records.views[slot >>> segmentBits] as DataView;
    view.setFloat64(4 * (this.at(slot) + word), value, true);
  }

  /** What the slot's record stands in, */
  words(slot: number): Int32Array {
    return this.#segments[slot >>> segmentBits] as Int32Array;
  }

  /** and where it begins there. */
  at(slot: number): number {
    return (slot & inSegment) * this.#width + this.#first;
  }

  grow(slots: number): void {
    this.#records.grow(slots);
  }
}

/** The segments of records, which several may share. The first is as long as need be, the others whole. */
class Records {
  readonly width: number;
  readonly segments: Int32Array[] = [];
  readonly views: DataView[] = [];
  slots = 0;

  constructor(width: number, slots: number) {
    this.width = width;
    this.grow(slots);
  }

  grow(slots: number): void {
    if (this.slots < segmentSlots) this.#put(0, Math.min(slots, segmentSlots));
    while (this.segments.length * segmentSlots < slots)
      this.#put(this.segments.length, segmentSlots);
    this.slots = slots;
  }

  #put(at: number, slots: number): void {
    const segment = new Int32Array(slots * this.width);
    const before = this.segments[at];
    if (before !== undefined) segment.set(before);
    this.segments[at] = segment;
    this.views[at] = new DataView(segment.buffer);
  }
}
