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
 * A record of a few 32-bit words for every slot, side by side, outside the heap.
 *
 * It grows by segments. One array of all would have to be copied into a larger one: at a million
 * entries that stopped a put for 0.2 to 0.6 s. Finding the segment costs 9 ns in 40
 * (docs/adr-0009-slab-memory.md).
 */
export class SlotInts {
  /** Words of a record. */
  readonly width: number;
  #segments: Int32Array[] = [];
  #slots = 0;

  constructor(width: number, slots: number) {
    this.width = width;
    this.grow(slots);
  }

  /** Slots that there is room for, slot 0 among them. */
  get slots(): number {
    return this.#slots;
  }

  get(slot: number, word: number): number {
    return this.words(slot)[this.at(slot) + word] as number;
  }

  set(slot: number, word: number, value: number): void {
    this.words(slot)[this.at(slot) + word] = value;
  }

  /** What the slot's record stands in, */
  words(slot: number): Int32Array {
    return this.#segments[slot >>> segmentBits] as Int32Array;
  }

  /** and where it begins there. */
  at(slot: number): number {
    return (slot & inSegment) * this.width;
  }

  grow(slots: number): void {
    const make = (count: number) => new Int32Array(count * this.width);
    this.#segments = grown(this.#segments, this.#slots, slots, make);
    this.#slots = slots;
  }
}

/** A double for every slot. */
export class SlotDoubles {
  #segments: Float64Array[] = [];
  #slots = 0;

  constructor(slots: number) {
    this.grow(slots);
  }

  get(slot: number): number {
    return (this.#segments[slot >>> segmentBits] as Float64Array)[slot & inSegment] as number;
  }

  set(slot: number, value: number): void {
    (this.#segments[slot >>> segmentBits] as Float64Array)[slot & inSegment] = value;
  }

  grow(slots: number): void {
    const make = (count: number) => new Float64Array(count);
    this.#segments = grown(this.#segments, this.#slots, slots, make);
    this.#slots = slots;
  }
}

/** The first segment is as long as need be, the others are whole. */
function grown<T extends Int32Array | Float64Array>(
  segments: readonly T[],
  before: number,
  slots: number,
  make: (slots: number) => T,
): T[] {
  const larger = [...segments];
  if (before < segmentSlots) {
    const first = make(Math.min(slots, segmentSlots));
    if (segments[0] !== undefined) first.set(segments[0]);
    larger[0] = first;
  }
  while (larger.length * segmentSlots < slots) larger.push(make(segmentSlots));
  return larger;
}
