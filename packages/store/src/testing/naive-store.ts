import { sweepPerPut } from "../bounded-store.ts";
import { entryBytes } from "../charge.ts";
import { initialSlots } from "../entry-records.ts";
import { tickMs } from "../expiry-wheel.ts";
import { KeyIndex, keyWords } from "../key-index.ts";
import { SlotInts } from "../slot-arrays.ts";
import type { PolicyName, StoreCounters } from "../store.ts";
import { type NaiveItem, type NaivePolicy, naivePolicy } from "./naive-policies.ts";
import { noticedTick, spanOf } from "./noticed-tick.ts";

interface NaiveEntry extends NaiveItem {
  readonly value: string;
  readonly putAtMs: number;
  readonly expiresAtMs: number;
  /** Position in the sequence of all puts. */
  readonly arrival: number;
  holds: number;
}

/** The hash seed that the real one must be made with. */
export const twinSeed = 7;

/**
 * The store as one would explain it: a list of entries, searched and sorted anew for everything.
 * The slow twin that the real one must equal in every answer, byte and count.
 */
export class NaiveStore {
  readonly counters: StoreCounters = {
    ...{ hits: 0, misses: 0, puts: 0, evictions: 0 },
    ...{ expirations: 0, deletions: 0, rejections: 0 },
  };
  readonly #policy: PolicyName;
  readonly #capacityBytes: number;
  #entries: NaiveEntry[] = [];
  #detached: NaiveEntry[] = [];
  readonly #keyOf: (name: string) => Uint8Array;
  readonly #order: NaivePolicy<NaiveEntry>;
  readonly #mostSlots: number;
  #slots: number;
  #sequence = 0;

  constructor(policy: PolicyName, capacityBytes: number, keyOf: (name: string) => Uint8Array) {
    this.#policy = policy;
    this.#capacityBytes = capacityBytes;
    this.#keyOf = keyOf;
    this.#mostSlots = Math.floor(capacityBytes / entryBytes(0, policy)) + 2;
    this.#slots = Math.min(initialSlots, this.#mostSlots);
    this.#order = naivePolicy(policy, capacityBytes, this.#slots);
  }

  get size(): number {
    return this.#entries.length;
  }

  get usedBytes(): number {
    return this.#sum([...this.#entries, ...this.#detached]);
  }

  get(key: string, nowMs: number): NaiveEntry | undefined {
    const entry = this.#live(key, nowMs);
    if (entry === undefined) {
      this.counters.misses += 1;
      return undefined;
    }
    this.counters.hits += 1;
    this.#order.touch(entry);
    return entry;
  }

  peek(key: string, nowMs: number): NaiveEntry | undefined {
    return this.#entries.find((entry) => entry.key === key && entry.expiresAtMs > nowMs);
  }

  hold(key: string, nowMs: number): NaiveEntry | undefined {
    const entry = this.peek(key, nowMs);
    if (entry !== undefined) entry.holds += 1;
    return entry;
  }

  release(entry: NaiveEntry): void {
    entry.holds -= 1;
    this.#detached = this.#detached.filter(({ holds }) => holds > 0);
  }

  put(key: string, value: string, ttlMs: number, nowMs: number, costMs = 0): boolean {
    for (const entry of this.#due(nowMs).slice(0, sweepPerPut)) this.#expire(entry);
    const size = entryBytes(value.length, this.#policy);
    const held = [...this.#entries, ...this.#detached].filter(({ holds }) => holds > 0);
    if (size + this.#sum(held) > this.#capacityBytes) {
      this.counters.rejections += 1;
      return false;
    }
    const fingerprint = this.#fingerprint(key);
    const old = this.#live(key, nowMs);
    if (old === undefined) {
      this.#order.expect(key, fingerprint, size);
    } else {
      this.#order.lift(old);
      this.#leave(old);
    }
    while (this.usedBytes + size > this.#capacityBytes) this.#makeRoom(nowMs);
    if (this.#entries.length + this.#detached.length === this.#slots - 1) {
      this.#slots = Math.min(2 * this.#slots, this.#mostSlots);
      this.#order.grow(this.#slots);
    }
    const lifetime = { putAtMs: nowMs, expiresAtMs: nowMs + ttlMs, arrival: this.#sequence++ };
    const entry = { key, value, fingerprint, size, costMs, ...lifetime, holds: 0 };
    this.#entries.push(entry);
    if (old === undefined) this.#order.add(entry);
    else this.#order.lower(old, entry);
    this.counters.puts += 1;
    return true;
  }

  delete(key: string, nowMs: number): boolean {
    const entry = this.#live(key, nowMs);
    if (entry === undefined) return false;
    this.counters.deletions += 1;
    this.#order.remove(entry);
    this.#leave(entry);
    return true;
  }

  clear(): void {
    this.counters.deletions += this.#entries.length;
    for (const entry of [...this.#entries]) {
      this.#order.remove(entry);
      this.#leave(entry);
    }
  }

  #live(key: string, nowMs: number): NaiveEntry | undefined {
    const entry = this.#entries.find((one) => one.key === key);
    if (entry === undefined || entry.expiresAtMs > nowMs) return entry;
    this.#expire(entry);
    return undefined;
  }

  #makeRoom(nowMs: number): void {
    const [due] = this.#due(nowMs);
    if (due !== undefined) {
      this.#expire(due);
      return;
    }
    const victim = this.#order.evict();
    if (victim === undefined) throw new Error("there is nothing left to evict");
    if (victim.expiresAtMs <= nowMs) this.counters.expirations += 1;
    else this.counters.evictions += 1;
    this.#leave(victim);
  }

  #fingerprint(key: string): number {
    const index = new KeyIndex(new SlotInts(keyWords, 2), twinSeed);
    index.find(this.#keyOf(key));
    return index.fingerprint;
  }

  /** What the wheel has noticed to be expired. */
  #due(nowMs: number): NaiveEntry[] {
    const noticed = ({ expiresAtMs, putAtMs }: NaiveEntry) => noticedTick(expiresAtMs, putAtMs);
    const span = ({ expiresAtMs, putAtMs }: NaiveEntry) => spanOf(expiresAtMs, putAtMs);
    return this.#entries
      .filter((entry) => noticed(entry) <= nowMs / tickMs)
      .sort((a, b) => noticed(a) - noticed(b) || span(a) - span(b) || a.arrival - b.arrival);
  }

  #expire(entry: NaiveEntry): void {
    this.counters.expirations += 1;
    this.#order.remove(entry);
    this.#leave(entry);
  }

  #leave(entry: NaiveEntry): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
    if (entry.holds > 0) this.#detached.push(entry);
  }

  #sum(entries: readonly NaiveEntry[]): number {
    return entries.reduce((bytes, { value }) => bytes + entryBytes(value.length, this.#policy), 0);
  }
}
