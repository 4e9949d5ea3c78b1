import type { Arrival, EvictionOrder, OrderOptions } from "../policies/eviction-order.ts";
import { orderFor } from "../policies/order-for.ts";
import { noSlot, type Slot } from "../slot.ts";
import { SlotInts } from "../slot-arrays.ts";
import { type PolicyName, policyNames } from "../store.ts";
import { Contest } from "./contest.ts";
import type { Adaptation } from "./curve.ts";
import { GhostCaches } from "./ghost-caches.ts";
import { sampleHash } from "./key-sample.ts";
import { MirrorOrder } from "./mirror-order.ts";

/** Entries that change orders with every operation: all within a pass, and no operation waits. */
const movesPerOperation = 8;
/** Hits of which a new order is told: none of them counts further by much. */
const mostReplayedHits = 15;
/** Seldom far from the best, and so the one to begin with. */
const firstPolicy: PolicyName = "s3-fifo";
/** Keys watched to choose a policy, as long as these are all. */
const mostKeysWatched = 4_096;
/** And of more, so many for each of those: a sample of them is as good, and costs less. */
const sampledShare = 1 / 4;
/** And for curves: five sizes each, and so fewer. */
const curveShare = 1 / 8;
/** The words of a slot. */
const [stateWord, sizeWord, fingerprintWord, costWord] = [0, 1, 2, 3];
const mostHits = 0xff;
const mostCostUs = 0xffff_ffff;
const curveFactors = [0.25, 0.5, 1, 2, 4] as const;

/**
 * The policy that saves most, chosen while requests come: ghosts of all policies watch a sample of
 * them, and a contest decides.
 *
 * While the cache is so small that its ghosts see every key, it follows the ghost of the policy
 * that governs. Beyond, it has an order of its own, and when another policy governs its entries
 * move into the order of that one: a few with every operation, the first to go first, or when they
 * are asked for; the new order is told how often each was hit, and room is made from the one that
 * departs. Either way nothing is lost.
 *
 * What it knows of a slot stands here, as orders keep only what they need: 16 bytes.
 */
export class AdaptiveOrder implements EvictionOrder {
  readonly #options: OrderOptions;
  /** At the real size, for the contest. */
  readonly #rivals: GhostCaches;
  readonly #curves: GhostCaches;
  readonly #contest: Contest;
  #slots: number;
  /** As of the last `resize`. */
  #capacity: number;
  #policy: PolicyName = firstPolicy;
  /** While the ghosts see everything. */
  #mirror: MirrorOrder | undefined;
  #order: EvictionOrder;
  #departing: EvictionOrder | undefined;
  /** How many orders there have been; a slot with a lower number is in the departing one. */
  #generation = 0;
  /** Per slot its generation, with its hits in the low byte; size, fingerprint, and cost in µs. */
  readonly #entries: SlotInts;

  constructor(
    options: OrderOptions & { readonly unit: "entries" | "bytes" },
    mostKeys: number = mostKeysWatched,
  ) {
    const { slots, capacity, unit } = options;
    this.#options = options;
    this.#capacity = capacity;
    this.#rivals = new GhostCaches({
      ...{ capacity, unit, factors: [1], mostWhole: mostKeys },
      mostKeys: Math.ceil(mostKeys * sampledShare),
      onEvicted: (ghost, fingerprint) => {
        if (policyNames[ghost] === this.#policy) this.#mirror?.letGo(fingerprint);
      },
    });
    this.#curves = new GhostCaches({
      ...{ capacity, unit, factors: curveFactors },
      mostKeys: Math.ceil(mostKeys * curveShare),
    });
    this.#contest = new Contest({
      policies: policyNames,
      first: firstPolicy,
      entries: () => this.#rivals.entries,
      differing: (from, to) => this.#rivals.differing(from, to),
    });
    this.#slots = slots;
    this.#mirror = new MirrorOrder(slots, this.#heldByGhost());
    this.#order = this.#mirror;
    this.#entries = new SlotInts(4, slots);
  }

  get adaptation(): Adaptation {
    const { switches } = this.#contest;
    return { policy: this.#policy, switches, curves: this.#curves.curves() };
  }

  grow(slots: number): void {
    this.#slots = slots;
    this.#order.grow(slots);
    this.#departing?.grow(slots);
    this.#entries.grow(slots);
  }

  resize(capacity: number): void {
    this.#capacity = capacity;
    this.#rivals.resize(capacity);
    this.#curves.resize(capacity);
    this.#order.resize(capacity);
  }

  expect(arrival: Arrival): void {
    this.#observe(arrival);
    this.#order.expect(arrival);
  }

  add(slot: Slot, arrival: Arrival): void {
    this.#note(slot, arrival, 0);
    this.#order.add(slot, arrival);
  }

  touch(slot: Slot): void {
    if (this.#hitsOf(slot) < mostHits) {
      this.#entries.set(slot, stateWord, this.#entries.get(slot, stateWord) + 1);
    }
    // Ghosts first: the mirror looks at what they hold afterwards.
    this.#observe(this.#arrivalOf(slot));
    if (!this.#departs(slot)) {
      this.#order.touch(slot);
    } else {
      this.#departing?.remove(slot);
      this.#settle(slot);
    }
  }

  remove(slot: Slot): void {
    const fingerprint = this.#arrivalOf(slot).fingerprint;
    this.#rivals.remove(fingerprint);
    this.#curves.remove(fingerprint);
    this.#orderOf(slot).remove(slot);
  }

  lift(slot: Slot): void {
    const order = this.#orderOf(slot);
    if (order === this.#order) order.lift(slot);
    else order.remove(slot);
  }

  lower(lifted: Slot, slot: Slot, arrival: Arrival): void {
    const wasDeparting = this.#departs(lifted);
    this.#rivals.replace(arrival);
    this.#curves.replace(arrival);
    this.#note(slot, arrival, Math.min(mostHits, this.#hitsOf(lifted) + 1));
    if (wasDeparting) this.#settle(slot);
    else this.#order.lower(lifted, slot, arrival);
  }

  evict(): Slot {
    const slot = this.#departing?.evict() ?? noSlot;
    if (slot !== noSlot) return slot;
    this.#departing = undefined;
    return this.#order.evict();
  }

  *slots(): Generator<Slot> {
    if (this.#departing !== undefined) yield* this.#departing.slots();
    yield* this.#order.slots();
  }

  #observe(arrival: Arrival): void {
    const hash = sampleHash(arrival.fingerprint);
    this.#curves.request(arrival, hash);
    const hits = this.#rivals.request(arrival, hash);
    if (hits !== undefined) this.#contest.observe(hits, arrival.costMs);
    if (this.#departing !== undefined) this.#moveSome();
    else this.#follow();
  }

  /** The policy that governs, and the mirror as long as the ghosts see everything. */
  #follow(): void {
    const isSeen = this.#rivals.rate === 1;
    const isNew = this.#contest.governs !== this.#policy;
    this.#policy = this.#contest.governs;
    if (this.#mirror !== undefined && isSeen) {
      if (isNew) this.#mirror.follow(this.#heldByGhost());
    } else if (this.#mirror !== undefined || isNew) {
      this.#mirror = undefined;
      this.#change();
    }
  }

  #heldByGhost(): (fingerprint: number) => boolean {
    const ghost = policyNames.indexOf(this.#policy);
    return (fingerprint) => this.#rivals.holds(ghost, fingerprint);
  }

  #change(): void {
    this.#departing = this.#order;
    this.#generation += 1;
    this.#order = orderFor(this.#policy, {
      ...this.#options,
      ...{ slots: this.#slots, capacity: this.#capacity },
    });
  }

  #moveSome(): void {
    for (let moved = 0; moved < movesPerOperation; moved++) {
      const slot = this.#departing?.evict() ?? noSlot;
      if (slot === noSlot) {
        this.#departing = undefined;
        return;
      }
      this.#settle(slot);
    }
  }

  /** It was in no order, and comes into the one that governs, with what it has behind it. */
  #settle(slot: Slot): void {
    const hits = this.#hitsOf(slot);
    this.#entries.set(slot, stateWord, (this.#generation << 8) | hits);
    this.#order.add(slot, this.#arrivalOf(slot));
    for (let hit = 0; hit < Math.min(mostReplayedHits, hits); hit++) this.#order.touch(slot);
  }

  #orderOf(slot: Slot): EvictionOrder {
    if (this.#departs(slot) && this.#departing !== undefined) return this.#departing;
    return this.#order;
  }

  #note(slot: Slot, { fingerprint, size, costMs }: Arrival, hits: number): void {
    this.#entries.set(slot, stateWord, (this.#generation << 8) | hits);
    this.#entries.set(slot, sizeWord, size);
    this.#entries.set(slot, fingerprintWord, fingerprint);
    this.#entries.set(slot, costWord, Math.min(mostCostUs, Math.round(1_000 * costMs)));
  }

  #departs(slot: Slot): boolean {
    return this.#entries.get(slot, stateWord) >> 8 !== this.#generation;
  }

  #hitsOf(slot: Slot): number {
    return this.#entries.get(slot, stateWord) & mostHits;
  }

  #arrivalOf(slot: Slot): Arrival {
    return {
      fingerprint: this.#entries.get(slot, fingerprintWord) >>> 0,
      size: this.#entries.get(slot, sizeWord) >>> 0,
      costMs: (this.#entries.get(slot, costWord) >>> 0) / 1_000,
    };
  }
}
