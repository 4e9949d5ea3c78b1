import assert from "node:assert";
import { limits } from "@kvring/core";
import { noSlot, type Slot } from "./slot.ts";
import type { SlotInts } from "./slot-arrays.ts";
import { SlotLinks } from "./slot-links.ts";

/** How late the wheel may notice the expiry of a short life. Reading an entry notices it at once. */
export const tickMs = 1_000;

/**
 * What is kept of a slot: the moment of its expiry, a double; its life, of which a day has 32 bits
 * in its units, and from both follows its level; its links.
 */
const [expiryWord, lifeWord, linkWords] = [0, 2, 3];
export const wheelWords = 5;
const unitsPerMs = 32;

const levels = 3;
/** Buckets of a level; a bucket spans 64 times as many ticks as one of the level below. */
const bucketBits = 10;
const spanBits = 6;
const buckets = 1 << bucketBits;

/** The farthest expiry, in ticks, and how much later its bucket may end. */
const horizon = limits.entryTtlMs / tickMs + 3;
const coarsest = spanOf(levels - 1);

/**
 * Finds expired entries without looking at the others: lists of slots by when they expire, on three
 * levels of 1,024 buckets that span 1, 64 and 4,096 seconds.
 *
 * The farther off an expiry, the coarser its bucket, and it stays there: nothing cascades to a finer
 * level as time goes on, so that no tick costs more than joining three lists, whoever expires in it
 * (Gleixner, "Reinventing the timer wheel", 2015; the levels are those of Varghese and Lauck,
 * "Hashed and hierarchical timing wheels", SOSP 1987). An entry is so noticed late by a second and a
 * sixteenth of its life at most.
 *
 * Scheduling and cancelling are O(1); time that passes costs a step per second, a day's at most.
 *
 * Invariant: a slot is in the list of its bucket while that ends ahead of `#tick`, and in `#due`
 * when it does not.
 */
export class ExpiryWheel {
  readonly #links: SlotLinks;
  /** The first slot per bucket, level after level. */
  readonly #ahead = new Int32Array(levels * buckets);
  readonly #records: SlotInts;
  #due: Slot = noSlot;
  #tick: number;

  constructor(records: SlotInts, nowMs: number) {
    this.#links = new SlotLinks(records.from(linkWords));
    this.#records = records;
    this.#tick = Math.floor(nowMs / tickMs);
  }

  /** `expiresAtMs` is not before `nowMs`, and at most `limits.entryTtlMs` after it. */
  add(slot: Slot, nowMs: number, expiresAtMs: number): void {
    this.#advance(nowMs);
    // A tick more than they may live: sums of fractions are rounded.
    const isAhead = expiresAtMs >= nowMs && expiresAtMs - nowMs <= limits.entryTtlMs + tickMs;
    assert(isAhead, "entries expire within the horizon");
    this.#records.setDouble(slot, expiryWord, expiresAtMs);
    this.#records.set(slot, lifeWord, Math.ceil((expiresAtMs - nowMs) * unitsPerMs));
    const at = this.#placeOf(slot);
    this.#ahead[at] = this.#links.append(this.#ahead[at] as Slot, slot);
  }

  remove(slot: Slot): void {
    if (this.#isDue(slot)) {
      this.#due = this.#links.remove(this.#due, slot);
      return;
    }
    const at = this.#placeOf(slot);
    this.#ahead[at] = this.#links.remove(this.#ahead[at] as Slot, slot);
  }

  /** To a 32nd of a millisecond, and not later than it was. */
  addedAtMs(slot: Slot): number {
    return this.expiresAtMs(slot) - (this.#records.get(slot, lifeWord) >>> 0) / unitsPerMs;
  }

  expiresAtMs(slot: Slot): number {
    return this.#records.getDouble(slot, expiryWord);
  }

  /** A slot whose bucket is over, the longest overdue first; `noSlot` when there is none. */
  due(nowMs: number): Slot {
    this.#advance(nowMs);
    return this.#due;
  }

  /** All slots in the wheel, each checked to be where it belongs. For validation. */
  *slots(): Generator<Slot> {
    for (const slot of this.#links.walk(this.#due)) {
      assert(this.#isDue(slot), `slot ${slot} is not due`);
      yield slot;
    }
    for (let at = 0; at < levels * buckets; at++) {
      if (this.#ahead[at] === noSlot) continue;
      for (const slot of this.#links.walk(this.#ahead[at] as Slot)) {
        const isHere = !this.#isDue(slot) && this.#placeOf(slot) === at;
        assert(isHere, `slot ${slot} belongs in another bucket`);
        yield slot;
      }
    }
  }

  #advance(nowMs: number): void {
    const to = Math.floor(nowMs / tickMs);
    if (to <= this.#tick) return;
    const last = Math.min(to, this.#tick + horizon + coarsest);
    for (let tick = this.#tick + 1; tick <= last; tick++) {
      for (let level = 0; level < levels && tick % spanOf(level) === 0; level++) {
        this.#take(placeAt(level, tick / spanOf(level)));
      }
    }
    this.#tick = to;
  }

  #take(at: number): void {
    const first = this.#ahead[at] as Slot;
    if (first === noSlot) return;
    this.#due = this.#links.join(this.#due, first);
    this.#ahead[at] = noSlot;
  }

  #isDue(slot: Slot): boolean {
    const level = this.#levelOf(slot);
    return this.#bucketOf(slot, level) <= Math.floor(this.#tick / spanOf(level));
  }

  #placeOf(slot: Slot): number {
    const level = this.#levelOf(slot);
    return placeAt(level, this.#bucketOf(slot, level));
  }

  /** The finest level that reaches so far: two buckets fewer than it has, as both ends may be cut. */
  #levelOf(slot: Slot): number {
    const ahead = this.#tickOf(slot) - Math.floor(this.addedAtMs(slot) / tickMs);
    let level = 0;
    while (ahead > (buckets - 2) * spanOf(level)) level += 1;
    return level;
  }

  /** The bucket of the level that ends with the slot's tick, or after it. */
  #bucketOf(slot: Slot, level: number): number {
    return Math.ceil(this.#tickOf(slot) / spanOf(level));
  }

  /** The tick that begins after the expiry: when it has come, the entry has surely expired. */
  #tickOf(slot: Slot): number {
    return Math.floor(this.expiresAtMs(slot) / tickMs) + 1;
  }
}

/** Ticks that a bucket of the level spans. */
function spanOf(level: number): number {
  return 1 << (spanBits * level);
}

function placeAt(level: number, bucket: number): number {
  return level * buckets + (bucket % buckets);
}
