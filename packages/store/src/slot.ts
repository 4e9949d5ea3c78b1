declare const slotBrand: unique symbol;

/**
 * A place in a store's arrays, which all have one element per slot: what is known of an entry
 * stands at the same index everywhere, and no object is made for it.
 */
export type Slot = number & { readonly [slotBrand]: true };

/** Not an entry: slot 0 is never given out, so that fresh memory means "none". */
export const noSlot = 0 as Slot;

/** The array with room for more slots. */
export function grownInts(array: Int32Array, slots: number): Int32Array {
  const larger = new Int32Array(slots);
  larger.set(array);
  return larger;
}

export function grownDoubles(array: Float64Array, slots: number): Float64Array {
  const larger = new Float64Array(slots);
  larger.set(array);
  return larger;
}

export function grownWords(array: Uint32Array, slots: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(slots);
  larger.set(array);
  return larger;
}

export function grownBytes(array: Uint8Array, slots: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(slots);
  larger.set(array);
  return larger;
}
