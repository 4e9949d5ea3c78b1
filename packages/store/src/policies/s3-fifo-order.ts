import assert from "node:assert";
import { noSlot, type Slot } from "../slot.ts";
import { SlotInts } from "../slot-arrays.ts";
import { SlotLinks } from "../slot-links.ts";
import type { Arrival, EvictionOrder, OrderOptions } from "./eviction-order.ts";
import { GhostQueue } from "./ghost-queue.ts";

const smallShare = 0.1;
const ghostShare = 0.9;
/** Hits in the small queue that lead to the main one. */
const promotionHits = 2;
const mostHits = 3;

/** The words of an entry. */
const [stateWord, sizeWord, fingerprintWord] = [0, 1, 2];

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
  #smallCapacity = 0;
  #mainCapacity = 0;
  readonly #first: [Slot, Slot] = [noSlot, noSlot];
  readonly #size: [number, number] = [0, 0];
  /** Per slot its queue with twice its hits, its size, its fingerprint. */
  readonly #entries: SlotInts;
  #wasGhost = false;

  constructor({ slots, capacity }: OrderOptions) {
    this.#links = new SlotLinks(slots);
    this.#ghosts = new GhostQueue(0);
    this.resize(capacity);
    this.#entries = new SlotInts(3, slots);
  }

  grow(slots: number): void {
    this.#links.grow(slots);
    this.#entries.grow(slots);
  }

  resize(capacity: number): void {
    this.#smallCapacity = Math.floor(capacity * smallShare);
    this.#mainCapacity = capacity - this.#smallCapacity;
    this.#ghosts.resize(Math.floor(capacity * ghostShare));
  }

  /** The ghost goes before evictions add others, or these could push it out. */
  expect({ fingerprint }: Arrival): void {
    this.#wasGhost = this.#ghosts.take(fingerprint);
  }

  add(slot: Slot, arrival: Arrival): void {
    this.#setHits(slot, 0);
    this.#enter(slot, this.#queueFor(arrival), arrival);
    this.#wasGhost = false;
  }

  touch(slot: Slot): void {
    this.#setHits(slot, Math.min(mostHits, this.#hitsOf(slot) + 1));
  }

  remove(slot: Slot): void {
    this.#leave(slot);
  }

  lift(slot: Slot): void {
    this.#leave(slot);
  }

  lower(lifted: Slot, slot: Slot, arrival: Arrival): void {
    this.#setHits(slot, this.#hitsOf(lifted));
    this.touch(slot);
    const queue = this.#queueOf(lifted);
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
    const isPassing = (slot: Slot) => this.#hitsOf(slot) < promotionHits;
    yield* smallSlots.filter(isPassing);
    const mainSlots = this.#walk(main);
    for (let hits = 0; hits <= mostHits; hits++) {
      yield* mainSlots.filter((slot) => this.#hitsOf(slot) === hits);
      if (hits === 0) yield* smallSlots.filter((slot) => !isPassing(slot));
    }
    for (const _ of this.#ghosts.fingerprints());
  }

  #walk(queue: Queue): Slot[] {
    const slots = [...this.#links.walk(this.#first[queue])];
    let size = 0;
    for (const slot of slots) {
      assert.equal(this.#queueOf(slot), queue, `slot ${slot} is in the other queue`);
      size += this.#sizeOf(slot);
    }
    assert.equal(this.#size[queue], size, "a queue is as large as its entries");
    return slots;
  }

  #queueOf(slot: Slot): Queue {
    return (this.#entries.get(slot, stateWord) & 1) as Queue;
  }

  #hitsOf(slot: Slot): number {
    return this.#entries.get(slot, stateWord) >>> 1;
  }

  #setHits(slot: Slot, hits: number): void {
    this.#entries.set(slot, stateWord, 2 * hits + this.#queueOf(slot));
  }

  #sizeOf(slot: Slot): number {
    return this.#entries.get(slot, sizeWord) >>> 0;
  }

  #queueFor({ size }: Arrival): Queue {
    return this.#wasGhost || size > this.#smallCapacity ? main : small;
  }

  #evictSmall(): Slot {
    for (let slot = this.#first[small]; slot !== noSlot; slot = this.#first[small]) {
      this.#leave(slot);
      if (this.#hitsOf(slot) < promotionHits) {
        this.#ghosts.add(this.#entries.get(slot, fingerprintWord), this.#sizeOf(slot));
        return slot;
      }
      this.#setHits(slot, 0);
      this.#join(slot, main);
    }
    return noSlot;
  }

  #evictMain(): Slot {
    for (let slot = this.#first[main]; slot !== noSlot; slot = this.#first[main]) {
      this.#leave(slot);
      const hits = this.#hitsOf(slot);
      if (hits === 0) return slot;
      this.#setHits(slot, hits - 1);
      this.#join(slot, main);
    }
    return noSlot;
  }

  #enter(slot: Slot, queue: Queue, { fingerprint, size }: Arrival): void {
    this.#entries.set(slot, fingerprintWord, fingerprint);
    this.#entries.set(slot, sizeWord, size);
    this.#join(slot, queue);
  }

  #join(slot: Slot, queue: Queue): void {
    this.#entries.set(slot, stateWord, 2 * this.#hitsOf(slot) + queue);
    this.#first[queue] = this.#links.append(this.#first[queue], slot);
    this.#size[queue] += this.#sizeOf(slot);
  }

  #leave(slot: Slot): void {
    const queue = this.#queueOf(slot);
    this.#first[queue] = this.#links.remove(this.#first[queue], slot);
    this.#size[queue] -= this.#sizeOf(slot);
  }
}
