import { rounded } from "../policies/cost-order.ts";
import { FrequencySketch } from "../policies/frequency-sketch.ts";
import type { PolicyName } from "../store.ts";

/** What a policy knows of an entry. */
export interface NaiveItem {
  readonly key: string;
  readonly fingerprint: number;
  readonly size: number;
  readonly costMs: number;
}

/** Policies as one would explain them: arrays, searched and sorted anew for everything. */
export interface NaivePolicy<Item extends NaiveItem> {
  grow(slots: number): void;
  expect(key: string, fingerprint: number, size: number): void;
  add(item: Item): void;
  touch(item: Item): void;
  remove(item: Item): void;
  /** A new value for the same key, after `lift`. */
  lift(old: Item): void;
  lower(old: Item, item: Item): void;
  evict(): Item | undefined;
}

export function naivePolicy<Item extends NaiveItem>(
  policy: PolicyName,
  capacity: number,
  slots: number,
): NaivePolicy<Item> {
  switch (policy) {
    case "lru":
      return new Ranked((a, b) => a.touched - b.touched);
    case "fifo":
      return new Ranked((a, b) => a.arrived - b.arrived);
    case "lfu":
      return new Ranked((a, b) => a.frequency - b.frequency || a.touched - b.touched);
    case "gdsf":
      return new Ranked(
        (a, b) => a.priority - b.priority || b.worth - a.worth || a.touched - b.touched,
      );
    case "sieve":
      return new Sieve();
    case "s3-fifo":
      return new S3Fifo(capacity);
    case "w-tinylfu":
      return new TinyLfu(capacity, slots);
  }
}

interface Rank {
  readonly arrived: number;
  readonly touched: number;
  readonly frequency: number;
  readonly worth: number;
  readonly priority: number;
}

class Ranked<Item extends NaiveItem> implements NaivePolicy<Item> {
  readonly #order: (a: Rank, b: Rank) => number;
  readonly #ranks = new Map<Item, Rank>();
  #liftedFrequency = 0;
  #sequence = 0;
  #floor = 0;

  constructor(order: (a: Rank, b: Rank) => number) {
    this.#order = order;
  }

  grow(): void {}
  expect(): void {}

  add(item: Item): void {
    this.#rank(item, this.#sequence, 1);
  }

  touch(item: Item): void {
    const { arrived, frequency } = this.#ranks.get(item) as Rank;
    this.#rank(item, arrived, frequency + 1);
  }

  remove(item: Item): void {
    this.#ranks.delete(item);
  }

  lift(old: Item): void {
    this.#liftedFrequency = this.#ranks.get(old)?.frequency ?? 0;
    this.remove(old);
  }

  lower(_old: Item, item: Item): void {
    this.#rank(item, this.#sequence, this.#liftedFrequency + 1);
  }

  evict(): Item | undefined {
    const [first] = [...this.#ranks].sort(([, a], [, b]) => this.#order(a, b));
    if (first === undefined) return undefined;
    this.#floor = first[1].priority;
    this.remove(first[0]);
    return first[0];
  }

  #rank(item: Item, arrived: number, frequency: number): void {
    const worth = rounded((frequency * Math.max(1e-3, item.costMs)) / item.size, 5);
    const touched = this.#sequence++;
    this.#ranks.set(item, { arrived, touched, frequency, worth, priority: this.#floor + worth });
  }
}

class Sieve<Item extends NaiveItem> implements NaivePolicy<Item> {
  #items: Item[] = [];
  readonly #touched = new Set<Item>();
  #hand: Item | undefined;

  grow(): void {}
  expect(): void {}

  add(item: Item): void {
    this.#items.push(item);
  }

  touch(item: Item): void {
    this.#touched.add(item);
  }

  remove(item: Item): void {
    if (this.#hand === item) this.#hand = this.#items[this.#items.indexOf(item) + 1];
    this.#items = this.#items.filter((other) => other !== item);
    this.#touched.delete(item);
  }

  lift(old: Item): void {
    this.remove(old);
  }

  lower(_old: Item, item: Item): void {
    this.add(item);
    this.touch(item);
  }

  evict(): Item | undefined {
    let at = this.#hand === undefined ? 0 : this.#items.indexOf(this.#hand);
    for (;;) {
      const item = this.#items[at % this.#items.length];
      if (item === undefined) return undefined;
      this.#hand = item;
      if (!this.#touched.delete(item)) {
        this.remove(item);
        return item;
      }
      at += 1;
    }
  }
}

class S3Fifo<Item extends NaiveItem> implements NaivePolicy<Item> {
  readonly #smallCapacity: number;
  readonly #capacity: number;
  #small: Item[] = [];
  #main: Item[] = [];
  #ghosts: { key: string; size: number }[] = [];
  readonly #hits = new Map<Item, number>();
  #isKnown = false;
  #lifted: { isMain: boolean; hits: number } = { isMain: false, hits: 0 };

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#smallCapacity = Math.floor(capacity * 0.1);
  }

  grow(): void {}

  expect(key: string): void {
    this.#isKnown = this.#ghosts.some((ghost) => ghost.key === key);
    this.#ghosts = this.#ghosts.filter((ghost) => ghost.key !== key);
  }

  add(item: Item): void {
    this.#enter(item, this.#isKnown, 0);
  }

  touch(item: Item): void {
    this.#hits.set(item, Math.min(3, (this.#hits.get(item) ?? 0) + 1));
  }

  remove(item: Item): void {
    this.#small = this.#small.filter((other) => other !== item);
    this.#main = this.#main.filter((other) => other !== item);
  }

  lift(old: Item): void {
    this.#lifted = { isMain: this.#main.includes(old), hits: this.#hits.get(old) ?? 0 };
    this.remove(old);
  }

  lower(_old: Item, item: Item): void {
    this.#enter(item, this.#lifted.isMain, Math.min(3, this.#lifted.hits + 1));
  }

  evict(): Item | undefined {
    if (total(this.#main) <= this.#capacity - this.#smallCapacity) {
      for (let item = this.#small.shift(); item !== undefined; item = this.#small.shift()) {
        if ((this.#hits.get(item) ?? 0) < 2) {
          this.#haunt(item);
          return item;
        }
        this.#enter(item, true, 0);
      }
    }
    for (let item = this.#main.shift(); item !== undefined; item = this.#main.shift()) {
      const hits = this.#hits.get(item) ?? 0;
      if (hits === 0) return item;
      this.#enter(item, true, hits - 1);
    }
    return undefined;
  }

  #enter(item: Item, isMain: boolean, hits: number): void {
    this.#hits.set(item, hits);
    if (isMain || item.size > this.#smallCapacity) this.#main.push(item);
    else this.#small.push(item);
  }

  #haunt({ key, size }: Item): void {
    const most = Math.floor(this.#capacity * 0.9);
    if (size > most) return;
    while (total(this.#ghosts) + size > most) this.#ghosts.shift();
    this.#ghosts.push({ key, size });
  }
}

class TinyLfu<Item extends NaiveItem> implements NaivePolicy<Item> {
  readonly #windowCapacity: number;
  readonly #protectedCapacity: number;
  readonly #sketch: FrequencySketch;
  #window: Item[] = [];
  #probation: Item[] = [];
  #protected: Item[] = [];
  #expected = 0;
  #wasInWindow = false;

  constructor(capacity: number, slots: number) {
    const main = Math.floor(capacity * (1 - 0.01));
    this.#windowCapacity = capacity - main;
    this.#protectedCapacity = Math.floor(main * 0.8);
    // Its errors decide, so the twin has the same: the sketch has a test of its own.
    this.#sketch = new FrequencySketch(slots - 1);
  }

  grow(slots: number): void {
    this.#sketch.grow(slots - 1);
  }

  expect(_key: string, fingerprint: number, size: number): void {
    this.#sketch.increment(fingerprint);
    this.#expected = size;
  }

  add(item: Item): void {
    this.#expected = 0;
    this.#window.push(item);
    this.#shrink();
  }

  touch(item: Item): void {
    this.#sketch.increment(item.fingerprint);
    const wasInWindow = this.#window.includes(item);
    this.remove(item);
    (wasInWindow ? this.#window : this.#protected).push(item);
    this.#shrink();
  }

  remove(item: Item): void {
    this.#window = this.#window.filter((other) => other !== item);
    this.#probation = this.#probation.filter((other) => other !== item);
    this.#protected = this.#protected.filter((other) => other !== item);
  }

  lift(old: Item): void {
    this.#expected = 0;
    this.#wasInWindow = this.#window.includes(old);
    this.remove(old);
  }

  lower(_old: Item, item: Item): void {
    this.#sketch.increment(item.fingerprint);
    (this.#wasInWindow ? this.#window : this.#protected).push(item);
    this.#shrink();
  }

  evict(): Item | undefined {
    const main = this.#probation.length > 0 ? this.#probation : this.#protected;
    const [candidate] = this.#window;
    const isOver = total(this.#window) + this.#expected > this.#windowCapacity;
    if (candidate === undefined || (main.length > 0 && !isOver)) return main.shift();
    this.#window.shift();
    let needed = candidate.size;
    const rivals = main.filter(({ size }) => {
      needed -= size;
      return needed + size > 0;
    });
    const seen = rivals.reduce((sum, { fingerprint }) => sum + this.#seen(fingerprint), 0);
    if (main.length === 0 || this.#seen(candidate.fingerprint) <= seen) return candidate;
    this.#probation.push(candidate);
    return main.shift();
  }

  #seen(fingerprint: number): number {
    return this.#sketch.estimate(fingerprint);
  }

  /** The newest stays in the window, whatever its size. */
  #shrink(): void {
    while (total(this.#window) > this.#windowCapacity && this.#window.length > 1) {
      this.#probation.push(this.#window.shift() as Item);
    }
    while (total(this.#protected) > this.#protectedCapacity) {
      this.#probation.push(this.#protected.shift() as Item);
    }
  }
}

function total(items: readonly { readonly size: number }[]): number {
  return items.reduce((sum, { size }) => sum + size, 0);
}
