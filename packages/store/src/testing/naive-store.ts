import { sweepPerPut } from "../bounded-store.ts";
import { entryBytes } from "../charge.ts";
import { tickMs } from "../expiry-wheel.ts";
import type { PolicyName, StoreCounters } from "../store.ts";

interface NaiveEntry {
  readonly key: string;
  readonly value: string;
  readonly putAtMs: number;
  readonly expiresAtMs: number;
  /** Position in the sequence of all puts. */
  readonly arrival: number;
  /** Position in the sequence of all puts and hits. */
  touched: number;
  frequency: number;
  holds: number;
}

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
  #sequence = 0;

  constructor(policy: PolicyName, capacityBytes: number) {
    this.#policy = policy;
    this.#capacityBytes = capacityBytes;
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
    entry.frequency += 1;
    entry.touched = this.#sequence++;
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

  put(key: string, value: string, ttlMs: number, nowMs: number): boolean {
    for (const entry of this.#due(nowMs).slice(0, sweepPerPut)) this.#expire(entry);
    const charge = entryBytes(value.length, this.#policy);
    const held = [...this.#entries, ...this.#detached].filter(({ holds }) => holds > 0);
    if (charge + this.#sum(held) > this.#capacityBytes) {
      this.counters.rejections += 1;
      return false;
    }
    const old = this.#live(key, nowMs);
    if (old !== undefined) this.#leave(old);
    while (this.usedBytes + charge > this.#capacityBytes) this.#makeRoom(nowMs);
    const touched = this.#sequence++;
    const frequency = (old?.frequency ?? 0) + 1;
    const lifetime = { putAtMs: nowMs, expiresAtMs: nowMs + ttlMs };
    this.#entries.push({
      ...{ key, value, ...lifetime, arrival: touched, touched, frequency, holds: 0 },
    });
    this.counters.puts += 1;
    return true;
  }

  delete(key: string, nowMs: number): boolean {
    const entry = this.#live(key, nowMs);
    if (entry === undefined) return false;
    this.counters.deletions += 1;
    this.#leave(entry);
    return true;
  }

  clear(): void {
    this.counters.deletions += this.#entries.length;
    for (const entry of [...this.#entries]) this.#leave(entry);
  }

  #live(key: string, nowMs: number): NaiveEntry | undefined {
    const entry = this.#entries.find((one) => one.key === key);
    if (entry === undefined || entry.expiresAtMs > nowMs) return entry;
    this.#expire(entry);
    return undefined;
  }

  #makeRoom(nowMs: number): void {
    const [due] = this.#due(nowMs);
    const [victim] = due === undefined ? this.#inOrder() : [due];
    if (victim === undefined) throw new Error("there is nothing left to evict");
    if (victim.expiresAtMs <= nowMs) this.counters.expirations += 1;
    else this.counters.evictions += 1;
    this.#leave(victim);
  }

  #inOrder(): NaiveEntry[] {
    const byPolicy = {
      lru: (a: NaiveEntry, b: NaiveEntry) => a.touched - b.touched,
      fifo: (a: NaiveEntry, b: NaiveEntry) => a.arrival - b.arrival,
      lfu: (a: NaiveEntry, b: NaiveEntry) => a.frequency - b.frequency || a.touched - b.touched,
    };
    return [...this.#entries].sort(byPolicy[this.#policy]);
  }

  /** What expired in an earlier tick than the present one. */
  #due(nowMs: number): NaiveEntry[] {
    const tickOf = (ms: number) => Math.floor(ms / tickMs);
    return this.#entries
      .filter(({ expiresAtMs }) => tickOf(expiresAtMs) < tickOf(nowMs))
      .sort((a, b) => tickOf(a.expiresAtMs) - tickOf(b.expiresAtMs) || a.arrival - b.arrival);
  }

  #expire(entry: NaiveEntry): void {
    this.counters.expirations += 1;
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
