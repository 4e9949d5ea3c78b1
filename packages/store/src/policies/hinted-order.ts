import assert from "node:assert";
import { orderBytes } from "../charge.ts";
import { noSlot, type Slot } from "../slot.ts";
import { moreSlots, SlotInts } from "../slot-arrays.ts";
import { SlotPool } from "../slot-pool.ts";
import { type PolicyName, policyNames } from "../store.ts";
import type { Arrival, EvictionOrder } from "./eviction-order.ts";
import { FrequencySketch } from "./frequency-sketch.ts";
import { orderFor } from "./order-for.ts";

export interface HintedOrderOptions {
  /** Of everyone who comes without a hint. */
  readonly usual: EvictionOrder;
  readonly slots: number;
  readonly capacity: number;
  readonly chargeOf: (slot: Slot) => number;
  /** What the entries are charged that are here already. */
  readonly usedBytes: number;
  /** How many there are. */
  readonly entries: () => number;
}

const firstSlots = 8;
/** The words of a slot: its group, 0 for the usual order, and its number there. */
const [groupWord, localWord] = [0, 1];
/** Of an entry in a group, beside its order's: from its number to its slot, and a place to return to. */
const groupBytesPerEntry = 8;
const memberBytes = 8;
/** Requests after which what was asked for counts half, by the entries there are. */
const halfLife = Object.freeze({ least: 1_000, perEntry: 8 });
/** Requests after which it is looked whether a group has outgrown the sizes it was given. */
const divideEvery = 1_024;
/** By so much has its share to differ: so what a change costs is spread over requests in proportion. */
const noticeableShare = 1 / 4;

/** Made for the slots of a group, which grow with it, so it is not to be rescaled with its capacity. */
class GroupSketch extends FrequencySketch {
  override rescale(): void {}
}

/** What an entry takes in a group. */
function groupedBytes(policy: PolicyName): number {
  return orderBytes[policy] + groupBytesPerEntry;
}

/** Entries that the same policy governs. It numbers them itself, so it has no room for others. */
class Group {
  readonly policy: PolicyName;
  readonly order: EvictionOrder;
  readonly #pool = new SlotPool(firstSlots);
  readonly #slots = new SlotInts(1, firstSlots);

  constructor(policy: PolicyName, capacity: number) {
    this.policy = policy;
    const sketch = new GroupSketch(firstSlots - 1);
    this.order = orderFor(policy, { slots: firstSlots, capacity, sketch });
  }

  get entries(): number {
    return this.#pool.taken;
  }

  get overheadBytes(): number {
    return this.entries * groupedBytes(this.policy);
  }

  take(slot: Slot): Slot {
    if (this.#pool.isExhausted) {
      const slots = moreSlots(this.#pool.slots);
      this.#pool.grow(slots);
      this.#slots.grow(slots);
      this.order.grow(slots);
    }
    const local = this.#pool.take();
    this.move(local, slot);
    return local;
  }

  /** Another slot has that number now. */
  move(local: Slot, slot: Slot): void {
    this.#slots.set(local, 0, slot);
  }

  give(local: Slot): void {
    this.#pool.give(local);
  }

  slotOf(local: Slot): Slot {
    return this.#slots.get(local, 0) as Slot;
  }
}

/**
 * Entries whose owner says which policy is best for them, beside all the others: an order for each
 * policy that somebody named, so eight at most, and every entry in one of them.
 *
 * When somebody has to go it is from the group that has most memory for what is asked of it, as
 * requests of late tell: so memory is divided as requests are, and what a group does not need the
 * others have. No policy can tell whether its first to go is worth more than another's: each has
 * its own measure. Requests can be compared.
 */
export class HintedOrder implements EvictionOrder {
  readonly #options: HintedOrderOptions;
  readonly #usual: EvictionOrder;
  /** By number; 0 is the usual order, and has none. */
  readonly #groups: (Group | undefined)[] = Array.from({ length: policyNames.length + 1 });
  /** By group: requests of late. */
  readonly #asked = new Float64Array(policyNames.length + 1);
  /** By group: what its entries are charged. */
  readonly #usedBytes = new Float64Array(policyNames.length + 1);
  /** By group: the capacity that its policy was told last. */
  readonly #told = new Float64Array(policyNames.length + 1);
  readonly #members: SlotInts;
  #untilHalf: number = halfLife.least;
  #untilDivided = divideEvery;
  /** A number that its entry still has while its new value comes. */
  #lifted: { readonly group: Group; readonly local: Slot } | undefined;

  constructor(options: HintedOrderOptions) {
    this.#options = options;
    this.#usual = options.usual;
    this.#members = new SlotInts(2, options.slots);
    this.#told.fill(options.capacity);
    this.#usedBytes[0] = options.usedBytes;
  }

  get adaptation(): EvictionOrder["adaptation"] {
    return this.#usual.adaptation;
  }

  get overheadBytes(): number {
    let bytes = memberBytes * this.#options.entries();
    for (const group of this.#groups) bytes += group?.overheadBytes ?? 0;
    // Whoever brings its new value brings that too.
    const lifted = this.#lifted?.group.policy;
    return lifted === undefined ? bytes : bytes - groupedBytes(lifted);
  }

  /** What one more entry takes. */
  entryBytes(policy: PolicyName | undefined): number {
    return memberBytes + (policy === undefined ? 0 : groupedBytes(policy));
  }

  grow(slots: number): void {
    this.#usual.grow(slots);
    this.#members.grow(slots);
  }

  resize(): void {}

  expect(arrival: Arrival): void {
    this.#settleLifted();
    const number = this.#numberFor(arrival);
    this.#ask(number);
    this.#orderOf(number).expect(arrival);
  }

  add(slot: Slot, arrival: Arrival): void {
    const number = this.#numberFor(arrival);
    const group = this.#groups[number];
    this.#enter(number, slot);
    if (group === undefined) {
      this.#usual.add(slot, arrival);
      return;
    }
    const local = group.take(slot);
    this.#members.set(slot, localWord, local);
    group.order.add(local, arrival);
  }

  touch(slot: Slot): void {
    const number = this.#members.get(slot, groupWord);
    this.#ask(number);
    this.#orderOf(number).touch(this.#localOf(slot));
  }

  remove(slot: Slot): void {
    const group = this.#groupOf(slot);
    const local = this.#localOf(slot);
    this.#leave(slot);
    (group?.order ?? this.#usual).remove(local);
    group?.give(local);
  }

  lift(slot: Slot): void {
    this.#settleLifted();
    const group = this.#groupOf(slot);
    const local = this.#localOf(slot);
    this.#leave(slot);
    (group?.order ?? this.#usual).lift(local);
    if (group !== undefined) this.#lifted = { group, local };
  }

  lower(lifted: Slot, slot: Slot, arrival: Arrival): void {
    const number = this.#numberFor(arrival);
    const group = this.#groups[number];
    const before = this.#lifted;
    if (before?.group !== group) {
      // Its owner changed their mind.
      this.expect(arrival);
      this.add(slot, arrival);
      return;
    }
    this.#ask(number);
    this.#enter(number, slot);
    if (before === undefined || group === undefined) {
      this.#usual.lower(lifted, slot, arrival);
      return;
    }
    this.#lifted = undefined;
    const { local } = before;
    group.move(local, slot);
    this.#members.set(slot, localWord, local);
    group.order.lower(local, local, arrival);
  }

  evict(): Slot {
    const first = this.#mostForItsAsking();
    const slot = this.#evictFrom(first);
    if (slot !== noSlot) return slot;
    for (let number = 0; number < this.#groups.length; number++) {
      const other = number === first ? noSlot : this.#evictFrom(number);
      if (other !== noSlot) return other;
    }
    return noSlot;
  }

  /** Of all groups side by side, each as far as the others in proportion. */
  *slots(): Generator<Slot> {
    const lines = this.#groups.map((group) => {
      if (group === undefined) return [];
      return Array.from(group.order.slots(), (local) => group.slotOf(local));
    });
    lines[0] = [...this.#usual.slots()];
    const passed = lines.map(() => 0);
    const total = lines.reduce((sum, line) => sum + line.length, 0);
    for (let done = 0; done < total; done++) {
      let next = 0;
      let leastShare = Number.POSITIVE_INFINITY;
      lines.forEach((line, number) => {
        const share = ((passed[number] as number) + 1) / line.length;
        if (share > 1 || share >= leastShare) return;
        [next, leastShare] = [number, share];
      });
      yield (lines[next] as Slot[])[passed[next] as number] as Slot;
      passed[next] = (passed[next] as number) + 1;
    }
  }

  /** Throws unless every group is charged what its entries are. For tests: costs O(n). */
  validate(slots: Iterable<Slot>): void {
    const expected = new Float64Array(this.#usedBytes.length);
    for (const slot of slots) {
      const number = this.#members.get(slot, groupWord);
      expected[number] = (expected[number] as number) + this.#options.chargeOf(slot);
    }
    assert.deepEqual(this.#usedBytes, expected, "groups are charged what their entries are");
  }

  #numberFor({ policy }: Arrival): number {
    if (policy === undefined) return 0;
    const number = policyNames.indexOf(policy) + 1;
    this.#groups[number] ??= new Group(policy, this.#options.capacity);
    return number;
  }

  #orderOf(number: number): EvictionOrder {
    return this.#groups[number]?.order ?? this.#usual;
  }

  #groupOf(slot: Slot): Group | undefined {
    return this.#groups[this.#members.get(slot, groupWord)];
  }

  #localOf(slot: Slot): Slot {
    if (this.#groupOf(slot) === undefined) return slot;
    return this.#members.get(slot, localWord) as Slot;
  }

  #ask(number: number): void {
    this.#asked[number] = (this.#asked[number] as number) + 1;
    this.#untilDivided -= 1;
    if (this.#untilDivided === 0) this.#divide();
    this.#untilHalf -= 1;
    if (this.#untilHalf > 0) return;
    this.#untilHalf = Math.max(halfLife.least, halfLife.perEntry * this.#options.entries());
    for (let group = 0; group < this.#asked.length; group++) {
      this.#asked[group] = (this.#asked[group] as number) / 2;
    }
  }

  /** Policies with shares of a capacity, such as a window, take them from what is theirs. */
  #divide(): void {
    this.#untilDivided = divideEvery;
    const used = this.#usedBytes.reduce((sum, bytes) => sum + bytes, 0);
    for (let number = 0; number < this.#groups.length; number++) {
      const own = this.#usedBytes[number] as number;
      // Nobody is there who could be helped; what is known of its keys stays.
      if (own === 0) continue;
      const share = own / used;
      const capacity = Math.max(1, Math.round(this.#options.capacity * share));
      const told = this.#told[number] as number;
      if (Math.abs(capacity - told) <= noticeableShare * told) continue;
      this.#told[number] = capacity;
      this.#orderOf(number).resize(capacity);
    }
  }

  #mostForItsAsking(): number {
    let [first, most] = [0, -1];
    for (let number = 0; number < this.#groups.length; number++) {
      // Whoever was never asked for anything is not infinitely rich, but nearly.
      const bytes = (this.#usedBytes[number] as number) / ((this.#asked[number] as number) + 1e-3);
      if (bytes > most) [first, most] = [number, bytes];
    }
    return first;
  }

  #evictFrom(number: number): Slot {
    const group = this.#groups[number];
    if (number > 0 && group === undefined) return noSlot;
    const local = this.#orderOf(number).evict();
    if (local === noSlot) return noSlot;
    const slot = group?.slotOf(local) ?? local;
    this.#leave(slot);
    group?.give(local);
    return slot;
  }

  #enter(number: number, slot: Slot): void {
    this.#members.set(slot, groupWord, number);
    this.#usedBytes[number] = (this.#usedBytes[number] as number) + this.#options.chargeOf(slot);
  }

  #leave(slot: Slot): void {
    const number = this.#members.get(slot, groupWord);
    this.#usedBytes[number] = (this.#usedBytes[number] as number) - this.#options.chargeOf(slot);
  }

  /** The new value never came: its number is free. */
  #settleLifted(): void {
    const lifted = this.#lifted;
    this.#lifted = undefined;
    lifted?.group.give(lifted.local);
  }
}
