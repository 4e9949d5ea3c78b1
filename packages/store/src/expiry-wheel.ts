import assert from "node:assert";
import { limits } from "@kvring/core";
import { grownDoubles, noSlot, type Slot } from "./slot.ts";
import { SlotLinks } from "./slot-links.ts";

/** How late the wheel may notice an expiry. Reading an entry notices it at once. */
export const tickMs = 1_000;

/** A bucket for every tick an entry may live, so that a bucket's entries expire together. */
const buckets = limits.entryTtlMs / tickMs + 3;

/**
 * Finds expired entries without looking at the others: one list of slots per second, and one of
 * those whose second is over. Time that passes costs a step per second, a day at most.
 *
 * Invariant: a slot is in the list of its tick while that is ahead of `#tick`, and in `#due` when
 * it is not.
 */
export class ExpiryWheel {
  readonly #links: SlotLinks;
  /** The first slot per tick, modulo the number of buckets. */
  readonly #ahead = new Int32Array(buckets);
  #expiresAtMs: Float64Array;
  #due: Slot = noSlot;
  #tick: number;

  constructor(slots: number, nowMs: number) {
    this.#links = new SlotLinks(slots);
    this.#expiresAtMs = new Float64Array(slots);
    this.#tick = Math.floor(nowMs / tickMs);
  }

  grow(slots: number): void {
    this.#links.grow(slots);
    this.#expiresAtMs = grownDoubles(this.#expiresAtMs, slots);
  }

  /** `expiresAtMs` is not before the last `due`, and at most `limits.entryTtlMs` after it. */
  add(slot: Slot, expiresAtMs: number): void {
    this.#expiresAtMs[slot] = expiresAtMs;
    const tick = this.#tickOf(slot);
    assert(tick > this.#tick && tick < this.#tick + buckets, "entries expire within the horizon");
    const bucket = tick % buckets;
    this.#ahead[bucket] = this.#links.append(this.#ahead[bucket] as Slot, slot);
  }

  remove(slot: Slot): void {
    const tick = this.#tickOf(slot);
    if (tick <= this.#tick) {
      this.#due = this.#links.remove(this.#due, slot);
      return;
    }
    const bucket = tick % buckets;
    this.#ahead[bucket] = this.#links.remove(this.#ahead[bucket] as Slot, slot);
  }

  expiresAtMs(slot: Slot): number {
    return this.#expiresAtMs[slot] as number;
  }

  /** A slot whose tick is over, the longest overdue first; `noSlot` when there is none. */
  due(nowMs: number): Slot {
    const tick = Math.floor(nowMs / tickMs);
    if (tick > this.#tick) this.#advance(tick);
    return this.#due;
  }

  /** All slots in the wheel, each checked to be where it belongs. For validation. */
  *slots(): Generator<Slot> {
    for (const slot of this.#links.walk(this.#due)) {
      assert(this.#tickOf(slot) <= this.#tick, `slot ${slot} is not due`);
      yield slot;
    }
    for (let bucket = 0; bucket < buckets; bucket++) {
      if (this.#ahead[bucket] === noSlot) continue;
      for (const slot of this.#links.walk(this.#ahead[bucket] as Slot)) {
        const tick = this.#tickOf(slot);
        assert(tick > this.#tick && tick % buckets === bucket, `slot ${slot} has another tick`);
        yield slot;
      }
    }
  }

  #advance(to: number): void {
    const steps = Math.min(to - this.#tick, buckets);
    for (let step = 1; step <= steps; step++) {
      const bucket = (this.#tick + step) % buckets;
      const first = this.#ahead[bucket] as Slot;
      if (first === noSlot) continue;
      this.#due = this.#links.join(this.#due, first);
      this.#ahead[bucket] = noSlot;
    }
    this.#tick = to;
  }

  /** The tick that begins after the expiry: when it has come, the entry has surely expired. */
  #tickOf(slot: Slot): number {
    return Math.floor((this.#expiresAtMs[slot] as number) / tickMs) + 1;
  }
}
