import assert from "node:assert";
import { granuleBytes } from "./charge.ts";

/** A granule, counted over all slabs. 0 is none: the first granule of a slab is never given. */
export type Address = number;
export const nowhere: Address = 0;

const granuleWords = granuleBytes / 4;

/**
 * Large pieces of memory outside the JavaScript heap. Two million values in 64 MiB slabs cost a
 * full collection 5 ms and 3 MB of heap; each in an allocation of its own, 430 ms and 232 MB.
 *
 * An address is a number: slab and place are its high and low bits. A slab may be shorter than
 * what addresses leave room for, never longer.
 */
export class Slabs {
  readonly #shift: number;
  readonly #mask: number;
  readonly #words: Uint32Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  #totalBytes = 0;

  /** `slabBytes`, a power of two, is the size of a slab at most. */
  constructor(slabBytes: number) {
    this.#shift = Math.log2(slabBytes / granuleBytes);
    assert(Number.isInteger(this.#shift), "the size of a slab is a power of two");
    this.#mask = 2 ** this.#shift - 1;
  }

  get count(): number {
    return this.#words.length;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  get slabBytes(): number {
    return 2 ** this.#shift * granuleBytes;
  }

  /** Granules of a slab. */
  granulesOf(slab: number): number {
    return (this.#words[slab] as Uint32Array).length / granuleWords;
  }

  /** The first granule of a slab. */
  start(slab: number): Address {
    return slab * 2 ** this.#shift;
  }

  /** One slab more; false where the system or the numbering has none. */
  grow(granules: number): boolean {
    assert(granules * granuleBytes <= this.slabBytes, "a slab is no longer than its addresses");
    if (this.start(this.count + 1) > 2 ** 32) return false;
    const slab = allocated(granules * granuleBytes);
    if (slab === undefined) return false;
    this.#words.push(new Uint32Array(slab));
    this.#bytes.push(new Uint8Array(slab));
    this.#totalBytes += slab.byteLength;
    return true;
  }

  word(address: Address, index: number): number {
    const words = this.#words[address >>> this.#shift] as Uint32Array;
    return words[(address & this.#mask) * granuleWords + index] as number;
  }

  setWord(address: Address, index: number, value: number): void {
    const words = this.#words[address >>> this.#shift] as Uint32Array;
    words[(address & this.#mask) * granuleWords + index] = value;
  }

  write(address: Address, offset: number, bytes: Uint8Array): void {
    const slab = this.#bytes[address >>> this.#shift] as Uint8Array;
    slab.set(bytes, (address & this.#mask) * granuleBytes + offset);
  }

  /** A view. */
  read(address: Address, offset: number, length: number): Uint8Array {
    const slab = this.#bytes[address >>> this.#shift] as Uint8Array;
    const from = (address & this.#mask) * granuleBytes + offset;
    return slab.subarray(from, from + length);
  }
}

function allocated(bytes: number): ArrayBuffer | undefined {
  try {
    return new ArrayBuffer(bytes);
  } catch (error) {
    // The system has no more: the store lives with what it has.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
