import { randomFillSync } from "node:crypto";

/** A key as the store takes it. */
const keyBytes = 32;

const words = new Uint32Array(keyBytes / 4);
const bytes = Buffer.from(words.buffer);

/**
 * The n-th key: 32 bytes that look like a digest, in 10 ns where SHA-256 takes a thousand. Every
 * call writes the same memory, as a digest that has just been computed or received would be new.
 */
export function keyOf(n: number): Buffer {
  let state = n;
  for (let word = 0; word < words.length; word++) {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    words[word] = mixed ^ (mixed >>> 16);
  }
  return bytes;
}

/** A value, which nothing can compress. */
export function valueWith(valueBytes: number): Buffer {
  return randomFillSync(Buffer.alloc(valueBytes));
}
