import assert from "node:assert";
import { granuleBytes, granulesFor, metadataBytes, pieceHeaderBytes } from "./charge.ts";
import { entryRecords, placeAt } from "./entry-records.ts";
import { ExtentHeap } from "./extent-heap.ts";
import { type Address, nowhere, Slabs } from "./slabs.ts";
import type { Slot } from "./slot.ts";
import type { SlotInts } from "./slot-arrays.ts";
import type { PolicyChoice } from "./store.ts";
import type { ValueMemory } from "./value-memory.ts";

export interface SlabSizes {
  /** What slabs take in sum, at most. */
  readonly limitBytes: number;
  /** A power of two. */
  readonly slabBytes: number;
  /** What an entry takes beside its value's memory, out of the same limit. */
  readonly metadataBytes: number;
}

const mostSlabBytes = 64 * 1024 ** 2;
const leastSlabBytes = 64 * 1024;
/** A store begins with a sixteenth of its capacity at most, and knows then how large its values are. */
const slabsPerCapacity = 16;

/** Slabs of 64 MiB, and smaller ones where the capacity is small. */
export function slabSizesFor(capacityBytes: number, policy: PolicyChoice): SlabSizes {
  const share = 2 ** Math.floor(Math.log2(capacityBytes / slabsPerCapacity));
  const slabBytes = Math.min(mostSlabBytes, Math.max(leastSlabBytes, share));
  return { limitBytes: capacityBytes, slabBytes, metadataBytes: metadataBytes(policy) };
}

/**
 * A value is cut only while this share of the limit is free. With values of random sizes and all
 * memory in use, 62 % of them would be cut, into pieces of pieces; with this, 0.6 %, and more of
 * the memory is values.
 */
const spareShare = 1 / 32;

/**
 * Fresh memory for a large copy costs many times what copying does. This much is kept for it, beside
 * the capacity, once a value of that size was borrowed.
 */
const mostScratchBytes = 8 * 1024 ** 2;

/** Of a length, which is negative then: the value lies in several pieces. */
const cutBit = -(2 ** 31);
/** Lengths have 31 bits. */
const lengthBits = 2 ** 31 - 1;

/** In the second word of a piece's head: where the value goes on. */
const continuationWord = 1;

/**
 * Values in slabs, each in one piece where there is a free extent for it. Where there is none
 * although enough is free, and for what is longer than a slab, a value lies in several pieces: so
 * no free granule is ever useless, and only reading such a value copies it
 * (docs/adr-0009-slab-memory.md).
 */
export class SlabMemory implements ValueMemory {
  readonly records: SlotInts;
  readonly #sizes: SlabSizes;
  readonly #slabs: Slabs;
  readonly #heap: ExtentHeap;
  /** Per slot the address of the first piece, and the length with `cutBit`. */
  readonly #values: SlotInts;
  #count = 0;
  /** Where values in several pieces are put together for who borrows them. */
  #scratch = new Uint8Array(0);

  constructor(sizes: SlabSizes, records: SlotInts = entryRecords()) {
    this.records = records;
    this.#values = records.from(placeAt);
    this.#sizes = sizes;
    this.#slabs = new Slabs(sizes.slabBytes);
    this.#heap = new ExtentHeap(this.#slabs);
  }

  /** What all slabs take, values or not. */
  get slabBytes(): number {
    return this.#slabs.totalBytes;
  }

  chargeBytes(valueBytes: number): number {
    return this.#sizes.metadataBytes + granulesFor(valueBytes) * granuleBytes;
  }

  chargeOf(slot: Slot): number {
    let granules = 0;
    for (let piece = this.#firstOf(slot); piece !== nowhere; piece = this.#after(piece)) {
      granules += this.#heap.sizeOf(piece);
    }
    return this.#sizes.metadataBytes + granules * granuleBytes;
  }

  write(slot: Slot, value: Uint8Array): boolean {
    const whole = this.#room(granulesFor(value.byteLength));
    const first = whole === nowhere ? this.#writePieces(value) : this.#writeWhole(whole, value);
    if (first === nowhere) return false;
    this.#values.set(slot, 0, first);
    this.#values.set(slot, 1, value.byteLength | (whole === nowhere ? cutBit : 0));
    this.#count += 1;
    return true;
  }

  read(slot: Slot): Uint8Array {
    const first = this.#firstOf(slot);
    assert(first !== nowhere, "only a slot with a value is read");
    const length = this.#lengthWord(slot);
    // Told by the slot, and not by the piece, which lies elsewhere in memory.
    if (length >= 0) return this.#slabs.read(first, pieceHeaderBytes, length);
    return this.#copyParts(slot, new Uint8Array(length & lengthBits));
  }

  borrow(slot: Slot): Uint8Array {
    const length = this.#lengthWord(slot);
    if (length >= 0 || (length & lengthBits) > mostScratchBytes) return this.read(slot);
    const bytes = length & lengthBits;
    if (this.#scratch.byteLength < bytes) this.#scratch = new Uint8Array(bytes);
    return this.#copyParts(slot, this.#scratch.subarray(0, bytes));
  }

  free(slot: Slot): void {
    this.#giveFrom(this.#firstOf(slot));
    this.#values.set(slot, 0, nowhere);
    this.#count -= 1;
  }

  has(slot: Slot): boolean {
    return this.#firstOf(slot) !== nowhere;
  }

  /** The value's bytes as they lie, without copying. */
  *parts(slot: Slot): Generator<Uint8Array> {
    let left = this.#lengthOf(slot);
    for (let piece = this.#firstOf(slot); piece !== nowhere; piece = this.#after(piece)) {
      const length = Math.min(left, this.#payload(piece));
      yield this.#slabs.read(piece, pieceHeaderBytes, length);
      left -= length;
    }
  }

  validate(slots: Iterable<Slot>): void {
    this.#heap.validate();
    let granules = 0;
    let values = 0;
    for (const slot of slots) {
      granules += (this.chargeOf(slot) - this.#sizes.metadataBytes) / granuleBytes;
      values += 1;
      const lengths = [...this.parts(slot)].map(({ byteLength }) => byteLength);
      const length = lengths.reduce((sum, part) => sum + part, 0);
      assert.equal(length, this.#lengthOf(slot), "the pieces are the value");
    }
    assert.equal(this.#heap.usedGranules, granules, "all that is in use is a value's");
    assert.equal(this.#count, values, "every value has a slot");
    assert(this.slabBytes <= this.#sizes.limitBytes, "slabs stay within their limit");
  }

  #copyParts(slot: Slot, target: Uint8Array): Uint8Array {
    let at = 0;
    for (const part of this.parts(slot)) {
      target.set(part, at);
      at += part.byteLength;
    }
    return target;
  }

  /** An extent for a value in one piece, of a new slab if need be. */
  #room(granules: number): Address {
    if (granules * granuleBytes > this.#sizes.slabBytes) return nowhere;
    const address = this.#heap.take(granules);
    if (address !== nowhere || !this.#grow()) return address;
    return this.#heap.take(granules);
  }

  #writeWhole(address: Address, value: Uint8Array): Address {
    this.#slabs.setWord(address, continuationWord, nowhere);
    this.#slabs.write(address, pieceHeaderBytes, value);
    return address;
  }

  #writePieces(value: Uint8Array): Address {
    const spare = (this.#sizes.limitBytes * spareShare) / granuleBytes;
    const least = Math.max(granulesFor(value.byteLength), spare);
    while (this.#heap.freeGranules < least) if (!this.#grow()) return nowhere;
    let first = nowhere;
    let last = nowhere;
    let written = 0;
    do {
      const piece = this.#heap.takePart(granulesFor(value.byteLength - written));
      if (piece === nowhere) {
        this.#giveFrom(first);
        return nowhere;
      }
      const part = value.subarray(written, written + this.#payload(piece));
      this.#writeWhole(piece, part);
      if (last === nowhere) first = piece;
      else this.#slabs.setWord(last, continuationWord, piece);
      last = piece;
      written += part.byteLength;
    } while (written < value.byteLength);
    return first;
  }

  #giveFrom(first: Address): void {
    for (let piece = first; piece !== nowhere; ) {
      const next = this.#after(piece);
      this.#heap.give(piece);
      piece = next;
    }
  }

  /**
   * A slab more. Entries take metadata as well: the rest of the limit is divided as if all of the
   * memory were to hold values like those that are here.
   */
  #grow(): boolean {
    const { limitBytes, slabBytes, metadataBytes } = this.#sizes;
    const taken = this.#slabs.totalBytes;
    const usedBytes = this.#heap.usedGranules * granuleBytes;
    const metadata = usedBytes === 0 ? 0 : (this.#count * metadataBytes) / usedBytes;
    const leftBytes = (limitBytes - taken - taken * metadata) / (1 + metadata);
    const nextBytes = Math.min(slabBytes, leftBytes);
    // Crumbs would use up the numbers of slabs.
    if (taken > 0 && nextBytes < slabBytes / slabsPerCapacity) return false;
    return this.#heap.grow(Math.floor(nextBytes / granuleBytes));
  }

  #after(piece: Address): Address {
    return this.#slabs.word(piece, continuationWord);
  }

  #payload(piece: Address): number {
    return this.#heap.sizeOf(piece) * granuleBytes - pieceHeaderBytes;
  }

  #firstOf(slot: Slot): Address {
    return this.#values.get(slot, 0) >>> 0;
  }

  #lengthOf(slot: Slot): number {
    return this.#lengthWord(slot) & lengthBits;
  }

  #lengthWord(slot: Slot): number {
    return this.#values.get(slot, 1);
  }
}
