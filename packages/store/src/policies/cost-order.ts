import assert from "node:assert";
import { NumberHeap } from "../number-heap.ts";
import { noSlot, type Slot } from "../slot.ts";
import { SlotInts } from "../slot-arrays.ts";
import { SlotLinks } from "../slot-links.ts";
import type { Arrival, EvictionOrder, OrderOptions } from "./eviction-order.ts";

/** Computations are never free: without a cost, how often an entry is asked for would not count. */
const leastCostMs = 1e-3;
/** Worths that agree in so many leading bits share a queue. */
const roundedBits = 5;
const exactBits = 53;
/** The words of an entry. */
const [queueOf, hits, density, priority] = [0, 1, 2, 4];

/**
 * GDSF: an entry is worth `hits · cost ms / size`, and goes when its worth, counted from the worth
 * of what went last when it was touched, is the least: so what is cheap to compute, large or not
 * asked for any more goes first, and nothing stays for ever (Cherkasova: "Improving WWW proxies
 * performance with Greedy-Dual-Size-Frequency caching policy", HP Labs 1998). The cost is the
 * measured time of the inference that a hit saves.
 *
 * Worths are rounded to 5 bits, and entries of one worth are a queue in order of touch, which is
 * their order of priority. A heap holds the heads of these few hundred queues, so the cost does not
 * grow with the number of entries (Ghandeharizadeh, Irani, Lam, Yap: "CAMP: a cost adaptive
 * multi-queue eviction policy for key-value stores", Middleware 2014).
 *
 * `asPublished` rounds nothing, as published figures do not: a queue then is of equal worths, and
 * there may be as many as entries.
 */
export class CostOrder implements EvictionOrder {
  readonly #links: SlotLinks;
  readonly #bits: number;
  /** The queue of each worth, by its rounded value. */
  readonly #queues = new Map<number, number>();
  readonly #worths: number[] = [];
  readonly #first: Slot[] = [];
  readonly #freeQueues: number[] = [];
  readonly #heap = new NumberHeap((a, b) => this.#isBefore(a, b));
  /** Per slot its queue, how often it was asked for, `cost ms / size`, and its priority. */
  readonly #entries: SlotInts;
  /** The priority of the last victim. */
  #floor = 0;

  constructor({ slots, asPublished = false }: OrderOptions) {
    this.#links = new SlotLinks(slots);
    this.#bits = asPublished ? exactBits : roundedBits;
    this.#entries = new SlotInts(6, slots);
  }

  grow(slots: number): void {
    this.#links.grow(slots);
    this.#entries.grow(slots);
  }

  resize(): void {}

  expect(): void {}

  add(slot: Slot, arrival: Arrival): void {
    this.#entries.set(slot, hits, 1);
    this.#enter(slot, arrival);
  }

  touch(slot: Slot): void {
    this.remove(slot);
    this.#entries.set(slot, hits, this.#entries.get(slot, hits) + 1);
    this.#join(slot);
  }

  remove(slot: Slot): void {
    const queue = this.#entries.get(slot, queueOf);
    const was = this.#first[queue] as Slot;
    const first = this.#links.remove(was, slot);
    this.#first[queue] = first;
    if (first === noSlot) this.#close(queue);
    else if (was === slot) this.#heap.move(queue);
  }

  lift(slot: Slot): void {
    this.remove(slot);
  }

  lower(lifted: Slot, slot: Slot, arrival: Arrival): void {
    this.#entries.set(slot, hits, this.#entries.get(lifted, hits) + 1);
    this.#enter(slot, arrival);
  }

  evict(): Slot {
    const queue = this.#heap.first;
    if (queue === undefined) return noSlot;
    const slot = this.#first[queue] as Slot;
    this.#floor = this.#priorityOf(slot);
    this.remove(slot);
    return slot;
  }

  slots(): Slot[] {
    const slots: Slot[] = [];
    for (const [worth, queue] of this.#queues) {
      let last = 0;
      assert.equal(this.#worths[queue], worth, "a queue has its worth");
      for (const slot of this.#links.walk(this.#first[queue] as Slot)) {
        assert.equal(this.#entries.get(slot, queueOf), queue, `slot ${slot} is in another queue`);
        const at = this.#priorityOf(slot);
        assert(at >= last && at >= this.#floor, "a queue is in order of priority");
        last = at;
        slots.push(slot);
      }
    }
    return slots.sort((a, b) => this.#priorityOf(a) - this.#priorityOf(b));
  }

  #priorityOf(slot: Slot): number {
    return this.#entries.getDouble(slot, priority);
  }

  #enter(slot: Slot, { costMs, size }: Arrival): void {
    this.#entries.setDouble(slot, density, Math.max(costMs, leastCostMs) / size);
    this.#join(slot);
  }

  #join(slot: Slot): void {
    const worth = rounded(
      this.#entries.get(slot, hits) * this.#entries.getDouble(slot, density),
      this.#bits,
    );
    this.#entries.setDouble(slot, priority, this.#floor + worth);
    const open = this.#queues.get(worth);
    const queue = open ?? this.#open(worth);
    this.#entries.set(slot, queueOf, queue);
    this.#first[queue] = this.#links.append(this.#first[queue] as Slot, slot);
    if (open === undefined) this.#heap.push(queue);
  }

  #open(worth: number): number {
    const queue = this.#freeQueues.pop() ?? this.#worths.length;
    this.#worths[queue] = worth;
    this.#first[queue] = noSlot;
    this.#queues.set(worth, queue);
    return queue;
  }

  #close(queue: number): void {
    this.#heap.remove(queue);
    this.#queues.delete(this.#worths[queue] as number);
    this.#freeQueues.push(queue);
  }

  /** Of equal priority the one that is worth more: the floor was lower when it was touched, earlier. */
  #isBefore(a: number, b: number): boolean {
    const [slotA, slotB] = [this.#first[a] as Slot, this.#first[b] as Slot];
    const difference = this.#priorityOf(slotA) - this.#priorityOf(slotB);
    return (
      difference < 0 ||
      (difference === 0 && (this.#worths[a] as number) > (this.#worths[b] as number))
    );
  }
}

/** To so many significant bits, downwards. */
export function rounded(value: number, bits: number): number {
  if (bits >= exactBits) return value;
  const unit = 2 ** (Math.floor(Math.log2(value)) - bits + 1);
  return Math.floor(value / unit) * unit;
}
