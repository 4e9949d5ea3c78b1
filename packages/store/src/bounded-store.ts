import assert from "node:assert";
import { type Clock, limits } from "@kvring/core";
import type { Adaptation } from "./adaptation/curve.ts";
import { evictionOrderFor } from "./adaptation/eviction-order-for.ts";
import { initialSlots, keyAt, wheelAt } from "./entry-records.ts";
import { ExpiryWheel } from "./expiry-wheel.ts";
import { KeyIndex, keyWords } from "./key-index.ts";
import type { EvictionOrder } from "./policies/eviction-order.ts";
import { HintedOrder } from "./policies/hinted-order.ts";
import { Residency } from "./residency.ts";
import { noSlot, type Slot } from "./slot.ts";
import { moreSlots, type SlotInts } from "./slot-arrays.ts";
import type {
  HeldValue,
  PolicyChoice,
  PolicyName,
  PutOptions,
  Store,
  StoreCounters,
  StoredValue,
} from "./store.ts";
import type { ValueMemory } from "./value-memory.ts";

export interface BoundedStoreOptions {
  readonly policy: PolicyChoice;
  readonly capacityBytes: number;
  readonly clock: Clock;
  readonly memory: ValueMemory;
  readonly hashSeed: number;
  readonly lfuAges: boolean;
}

/**
 * Expired entries that a put takes away beside its own work. More than one, so that they go faster
 * than entries come; few, so that a second in which a million expire stops nobody.
 */
export const sweepPerPut = 4;

/** Of what hints take for entries that were there before, a put makes room for so much. */
const owedBytesPerPut = 4 * 1024;

/** The store over any policy and any memory: the index, the order and the wheel in step. */
export class BoundedStore implements Store {
  readonly policy: PolicyChoice;
  readonly capacityBytes: number;
  readonly #clock: Clock;
  readonly #maxSlots: number;
  readonly #records: SlotInts;
  readonly #residency: Residency;
  readonly #index: KeyIndex;
  #order: EvictionOrder;
  readonly #wheel: ExpiryWheel;
  readonly #counters: StoreCounters;
  /** The order, once an entry came whose owner names its policy. */
  #hints: HintedOrder | undefined;
  /** What the first hint takes for entries that were there already, and is not charged yet. */
  #owedBytes = 0;
  #replacements = 0;

  constructor(options: BoundedStoreOptions) {
    const { policy, capacityBytes, clock, memory } = options;
    this.policy = policy;
    this.capacityBytes = capacityBytes;
    this.#clock = clock;
    // Slot 0 is none, and a new value is written before the one it replaces goes.
    this.#maxSlots = Math.floor(capacityBytes / memory.chargeBytes(0)) + 2;
    const slots = Math.min(initialSlots, this.#maxSlots);
    this.#records = memory.records;
    this.#residency = new Residency(slots, memory);
    this.#index = new KeyIndex(this.#records.from(keyAt), options.hashSeed);
    this.#order = evictionOrderFor(policy, {
      ...{ slots, capacity: capacityBytes, unit: "bytes", lfuAges: options.lfuAges },
    });
    this.#wheel = new ExpiryWheel(this.#records.from(wheelAt), clock.nowMs());
    this.#counters = noCounts();
  }

  get usedBytes(): number {
    return this.#residency.usedBytes + this.#overheadBytes;
  }

  get size(): number {
    return this.#index.size;
  }

  get counters(): Readonly<StoreCounters> {
    return { ...this.#counters };
  }

  get adaptation(): Adaptation | undefined {
    return this.#order.adaptation;
  }

  get(key: Uint8Array): StoredValue | undefined {
    const nowMs = this.#clock.nowMs();
    const slot = this.#findLive(key, nowMs);
    if (slot === noSlot) {
      this.#counters.misses += 1;
      return undefined;
    }
    this.#counters.hits += 1;
    this.#order.touch(slot);
    return this.#view(this.#residency.borrow(slot), slot, nowMs);
  }

  peek(key: Uint8Array): StoredValue | undefined {
    const nowMs = this.#clock.nowMs();
    const slot = this.#index.find(key);
    if (slot === noSlot || this.#hasExpired(slot, nowMs)) return undefined;
    return this.#view(this.#residency.borrow(slot), slot, nowMs);
  }

  hold(key: Uint8Array): HeldValue | undefined {
    const nowMs = this.#clock.nowMs();
    const slot = this.#index.find(key);
    if (slot === noSlot || this.#hasExpired(slot, nowMs)) return undefined;
    this.#residency.hold(slot);
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.#residency.release(slot);
      isHeld = false;
    };
    return { ...this.#view(this.#residency.read(slot), slot, nowMs), release };
  }

  put(key: Uint8Array, value: Uint8Array, options: PutOptions): boolean {
    assert(options.ttlMs > 0, "an entry lives for more than 0 ms");
    assert(options.costMs >= 0, "a computation takes 0 ms or more");
    const nowMs = this.#clock.nowMs();
    this.#sweep(nowMs);
    const charge = this.#residency.chargeBytes(value.byteLength);
    const policy = this.#hint(options.policy);
    const hintBytes = this.#hints?.entryBytes(policy) ?? 0;
    if (charge + hintBytes > this.capacityBytes - this.#residency.heldBytes) {
      this.#counters.rejections += 1;
      return false;
    }
    const old = this.#findLive(key, nowMs);
    const { fingerprint } = this.#index;
    const arrival = { fingerprint, size: charge, costMs: options.costMs, policy };
    if (old === noSlot) {
      this.#order.expect(arrival);
    } else {
      // Before the new value comes: there may be no room for both.
      this.#order.lift(old);
      this.#unlink(old);
    }
    const slot = this.#settle(value, { charge, hintBytes }, nowMs);
    if (slot === noSlot) {
      if (old !== noSlot) this.#counters.evictions += 1;
      this.#counters.rejections += 1;
      return false;
    }
    if (old === noSlot) {
      this.#order.add(slot, arrival);
    } else {
      this.#order.lower(old, slot, arrival);
      this.#replacements += 1;
    }
    this.#index.add(key, slot);
    const ttlMs = Math.min(options.ttlMs, limits.entryTtlMs);
    this.#wheel.add(slot, nowMs, nowMs + ttlMs);
    this.#counters.puts += 1;
    return true;
  }

  hottestKeys(most: number): Uint8Array {
    const count = Math.min(most, this.size);
    const words = new Int32Array(count * keyWords);
    let staying = this.size;
    for (const slot of this.#order.slots()) {
      staying -= 1;
      if (staying < count) this.#index.copyKey(slot, words, staying * keyWords);
    }
    return new Uint8Array(words.buffer);
  }

  delete(key: Uint8Array): boolean {
    const slot = this.#findLive(key, this.#clock.nowMs());
    if (slot === noSlot) return false;
    this.#counters.deletions += 1;
    this.#remove(slot);
    return true;
  }

  clear(): void {
    for (const slot of [...this.#order.slots()]) {
      this.#counters.deletions += 1;
      this.#remove(slot);
    }
  }

  validate(): void {
    const settled = new Set(this.#index.slots());
    for (const slots of [[...this.#order.slots()], [...this.#wheel.slots()]]) {
      assert.equal(slots.length, settled.size, "order and wheel have each entry once");
      for (const slot of slots) assert(settled.has(slot), `slot ${slot} is not in the index`);
    }
    this.#residency.validate(settled);
    this.#hints?.validate(settled);
    assert(this.usedBytes <= this.capacityBytes, "the capacity is never exceeded");
    const { puts, evictions, expirations, deletions } = this.#counters;
    const gone = this.#replacements + evictions + expirations + deletions;
    assert.equal(puts - gone, this.size, "whoever came is here or was counted out");
  }

  /** What hints take beside what entries are charged. */
  get #overheadBytes(): number {
    return Math.max(0, (this.#hints?.overheadBytes ?? 0) - this.#owedBytes);
  }

  /** The policy that an entry is to be kept by, where it is not the store's. */
  #hint(policy: PolicyName | undefined): PolicyName | undefined {
    if (policy === undefined || policy === this.policy) return undefined;
    if (this.#hints === undefined) {
      this.#hints = new HintedOrder({
        usual: this.#order,
        slots: this.#residency.slots,
        capacity: this.capacityBytes,
        chargeOf: (slot) => this.#residency.chargeOf(slot),
        usedBytes: this.#residency.settledBytes,
        entries: () => this.#index.size,
      });
      this.#owedBytes = this.#hints.overheadBytes;
      this.#order = this.#hints;
    }
    return policy;
  }

  #view(bytes: Uint8Array, slot: Slot, nowMs: number): StoredValue {
    return {
      bytes,
      ageMs: nowMs - this.#wheel.addedAtMs(slot),
      ttlMs: this.#wheel.expiresAtMs(slot) - nowMs,
    };
  }

  /** An expired entry that is asked for goes at once. */
  #findLive(key: Uint8Array, nowMs: number): Slot {
    const slot = this.#index.find(key);
    if (slot === noSlot || !this.#hasExpired(slot, nowMs)) return slot;
    this.#expire(slot);
    return noSlot;
  }

  #hasExpired(slot: Slot, nowMs: number): boolean {
    return this.#wheel.expiresAtMs(slot) <= nowMs;
  }

  #sweep(nowMs: number): void {
    for (let swept = 0; swept < sweepPerPut; swept++) {
      const slot = this.#wheel.due(nowMs);
      if (slot === noSlot) return;
      this.#expire(slot);
    }
  }

  /**
   * The value's slot, after as many went as that takes: what has expired before what lives. A held
   * victim frees nothing now, and the next one goes too: skipping it would keep the policy from
   * being O(1), and its entry from ever leaving.
   *
   * Where holds or other sizes have cut what is free into pieces, whose heads take more than was
   * charged, others go until it fits. `noSlot` when there is none left to go, which takes a store
   * full of holds.
   */
  #settle(
    value: Uint8Array,
    { charge, hintBytes }: { readonly charge: number; readonly hintBytes: number },
    nowMs: number,
  ): Slot {
    const mostOwed = Math.min(this.#owedBytes, this.#hints?.overheadBytes ?? 0);
    this.#owedBytes = Math.max(0, mostOwed - owedBytesPerPut);
    while (this.usedBytes + charge + hintBytes > this.capacityBytes) {
      if (!this.#makeSome(nowMs)) return noSlot;
    }
    if (this.#residency.isExhausted) this.#grow();
    let slot = this.#residency.settle(value);
    while (slot === noSlot && this.#makeSome(nowMs)) slot = this.#residency.settle(value);
    if (slot === noSlot) return noSlot;
    while (this.usedBytes + hintBytes > this.capacityBytes) {
      if (this.#makeSome(nowMs)) continue;
      this.#residency.leave(slot);
      return noSlot;
    }
    return slot;
  }

  /** One entry goes; false when there is none. */
  #makeSome(nowMs: number): boolean {
    const due = this.#wheel.due(nowMs);
    if (due !== noSlot) {
      this.#expire(due);
      return true;
    }
    const victim = this.#order.evict();
    if (victim === noSlot) return false;
    if (this.#hasExpired(victim, nowMs)) this.#counters.expirations += 1;
    else this.#counters.evictions += 1;
    this.#unlink(victim);
    return true;
  }

  #expire(slot: Slot): void {
    this.#counters.expirations += 1;
    this.#remove(slot);
  }

  #remove(slot: Slot): void {
    this.#order.remove(slot);
    this.#unlink(slot);
  }

  #unlink(slot: Slot): void {
    this.#index.remove(slot);
    this.#wheel.remove(slot);
    this.#residency.leave(slot);
  }

  #grow(): void {
    const slots = Math.min(moreSlots(this.#residency.slots), this.#maxSlots);
    assert(slots > this.#residency.slots, "the charge of an empty value bounds the slots");
    this.#residency.grow(slots);
    this.#records.grow(slots);
    this.#order.grow(slots);
  }
}

function noCounts(): StoreCounters {
  return {
    hits: 0,
    misses: 0,
    puts: 0,
    evictions: 0,
    expirations: 0,
    deletions: 0,
    rejections: 0,
  };
}
