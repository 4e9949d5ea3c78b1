import assert from "node:assert";
import { grownBytes, grownWords, noSlot, type Slot } from "../slot.ts";
import { SlotLinks } from "../slot-links.ts";
import type { Arrival, EvictionOrder, OrderOptions } from "./eviction-order.ts";
import { GhostQueue } from "./ghost-queue.ts";

const smallShare = 0.1;
const ghostShare = 0.9;
/** Hits in the small queue that lead to the main one. */
const promotionHits = 2;
const mostHits = 3;

type Queue = 0 | 1;
const small: Queue = 0;
const main: Queue = 1;

/**
 * S3-FIFO: newcomers pass a small queue, a tenth of the capacity, and only who was asked for twice
 * there moves to the main one; the others leave a ghost, and who comes back while its ghost is
 * there goes to the main queue at once. The main queue gives a second chance for each of up to 3
 * hits (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction", SOSP
 * 2023; the thresholds are those of its authors' libCacheSim).
 *
 * What is larger than the small queue goes to the main one directly.
 *
 * A new value for a key joins its queue again at the end, with a hit more.
 */
export class S3FifoOrder implements EvictionOrder {
  readonly #links: SlotLinks;
  readonly #ghosts: GhostQueue;
  readonly #smallCapacity: number;
  readonly #mainCapacity: number;
  readonly #first: [Slot, Slot] = [noSlot, noSlot];
  readonly #size: [number, number] = [0, 0];
  #queueOf: Uint8Array;
  #hits: Uint8Array;
  #sizes: Uint32Array;
  #fingerprints: Uint32Array;
  #wasGhost = false;

  constructor({ slots, capacity }: OrderOptions) {
    this.#links = new SlotLinks(slots);
    this.#smallCapacity = Math.floor(capacity * smallShare);
    this.#mainCapacity = capacity - this.#smallCapacity;
    this.#ghosts = new GhostQueue(Math.floor(capacity * ghostShare));
    this.#queueOf = new Uint8Array(slots);
    this.#hits = new Uint8Array(slots);
    this.#sizes = new Uint32Array(slots);
    this.#fingerprints = new Uint32Array(slots);
  }

  grow(slots: number): void {
    this.#links.grow(slots);
    this.#queueOf = grownBytes(this.#queueOf, slots);
    this.#hits = grownBytes(this.#hits, slots);
    this.#sizes = grownWords(this.#sizes, slots);
    this.#fingerprints = grownWords(this.#fingerprints, slots);
  }

  /** The ghost goes before evictions add others, or these could push it out. */
  expect({ fingerprint }: Arrival): void {
    this.#wasGhost = this.#ghosts.take(fingerprint);
  }

  add(slot: Slot, arrival: Arrival): void {
    this.#hits[slot] = 0;
    this.#enter(slot, this.#queueFor(arrival), arrival);
    this.#wasGhost = false;
  }

  touch(slot: Slot): void {
    this.#hits[slot] = Math.min(mostHits, (this.#hits[slot] as number) + 1);
  }

  remove(slot: Slot): void {
    this.#leave(slot);
  }

  lift(slot: Slot): void {
    this.#leave(slot);
  }

  lower(lifted: Slot, slot: Slot, arrival: Arrival): void {
    this.#hits[slot] = this.#hits[lifted] as number;
    this.touch(slot);
    const queue = this.#queueOf[lifted] as Queue;
    this.#enter(slot, arrival.size > this.#smallCapacity ? main : queue, arrival);
  }

  evict(): Slot {
    const isMainOver = this.#size[main] > this.#mainCapacity;
    if (this.#first[small] === noSlot || isMainOver) return this.#evictMain();
    const slot = this.#evictSmall();
    return slot === noSlot ? this.#evictMain() : slot;
  }

  *slots(): Generator<Slot> {
    const smallSlots = this.#walk(small);
    const isPassing = (slot: Slot) => (this.#hits[slot] as number) < promotionHits;
    yield* smallSlots.filter(isPassing);
    const mainSlots = this.#walk(main);
    for (let hits = 0; hits <= mostHits; hits++) {
      yield* mainSlots.filter((slot) => this.#hits[slot] === hits);
      if (hits === 0) yield* smallSlots.filter((slot) => !isPassing(slot));
    }
    for (const _ of this.#ghosts.fingerprints());
  }

  #walk(queue: Queue): Slot[] {
    const slots = [...this.#links.walk(this.#first[queue])];
    let size = 0;
    for (const slot of slots) {
      assert.equal(this.#queueOf[slot], queue, `slot ${slot} is in the other queue`);
      size += this.#sizes[slot] as number;
    }
    assert.equal(this.#size[queue], size, "a queue is as large as its entries");
    return slots;
  }

  #queueFor({ size }: Arrival): Queue {
    return this.#wasGhost || size > this.#smallCapacity ? main : small;
  }

  #evictSmall(): Slot {
    for (let slot = this.#first[small]; slot !== noSlot; slot = this.#first[small]) {
      this.#leave(slot);
      const [fingerprint = 0, size = 0] = [this.#fingerprints[slot], this.#sizes[slot]];
      if ((this.#hits[slot] as number) < promotionHits) {
        this.#ghosts.add(fingerprint, size);
        return slot;
      }
      this.#hits[slot] = 0;
      this.#join(slot, main);
    }
    return noSlot;
  }

  #evictMain(): Slot {
    for (let slot = this.#first[main]; slot !== noSlot; slot = this.#first[main]) {
      this.#leave(slot);
      const hits = this.#hits[slot] as number;
      if (hits === 0) return slot;
      this.#hits[slot] = hits - 1;
      this.#join(slot, main);
    }
    return noSlot;
  }

  #enter(slot: Slot, queue: Queue, { fingerprint, size }: Arrival): void {
    this.#fingerprints[slot] = fingerprint;
    this.#sizes[slot] = size;
    this.#join(slot, queue);
  }

  #join(slot: Slot, queue: Queue): void {
    this.#queueOf[slot] = queue;
    this.#first[queue] = this.#links.append(this.#first[queue], slot);
    this.#size[queue] += this.#sizes[slot] as number;
  }

  #leave(slot: Slot): void {
    const queue = this.#queueOf[slot] as Queue;
    this.#first[queue] = this.#links.remove(this.#first[queue], slot);
    this.#size[queue] -= this.#sizes[slot] as number;
  }
}
