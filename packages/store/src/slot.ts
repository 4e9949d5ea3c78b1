declare const slotBrand: unique symbol;

/**
 * A place in a store's arrays, which all have one element per slot: what is known of an entry
 * stands at the same index everywhere, and no object is made for it.
 */
export type Slot = number & { readonly [slotBrand]: true };

/** Not an entry: slot 0 is never given out, so that fresh memory means "none". */
export const noSlot = 0 as Slot;
