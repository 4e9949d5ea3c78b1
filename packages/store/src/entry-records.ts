import { wheelWords } from "./expiry-wheel.ts";
import { keyWords } from "./key-index.ts";
import { SlotInts } from "./slot-arrays.ts";

/** Where its value is. */
const placeWords = 2;

/** The first word of the key, of the value's place, and of what the wheel keeps. */
export const [keyAt, placeAt, wheelAt] = [0, keyWords, keyWords + placeWords];

/** Of a store that begins. */
export const initialSlots = 64;

/**
 * What a store knows of its entries, apart from their order: 60 bytes, one record each, so that a
 * look-up reads one or two lines of memory for all of it.
 */
export function entryRecords(slots: number = initialSlots): SlotInts {
  return new SlotInts(keyWords + placeWords + wheelWords, slots);
}
