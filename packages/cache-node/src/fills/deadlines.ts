import assert from "node:assert";

/** Something that falls due. `place` is where the heap has it, −1: nowhere; the heap's own. */
export interface Timed {
  readonly dueMs: number;
  place: number;
}

/**
 * What falls due, the earliest first: a binary heap whose items know their places, so that the
 * many that are settled before their time leave at once instead of piling up until it comes.
 */
export class Deadlines<Item extends Timed> {
  readonly #heap: Item[] = [];

  get size(): number {
    return this.#heap.length;
  }

  get nextMs(): number | undefined {
    return this.#heap[0]?.dueMs;
  }

  add(item: Item): void {
    assert(item.place === -1, "an item is added once");
    item.place = this.#heap.length;
    this.#heap.push(item);
    this.#rise(item);
  }

  remove(item: Item): void {
    if (item.place === -1) return;
    const last = this.#heap.pop();
    assert(last !== undefined, "an item with a place is in the heap");
    if (last !== item) {
      this.#put(last, item.place);
      this.#rise(last);
      this.#sink(last);
    }
    item.place = -1;
  }

  /** Takes out the earliest item that is due, if any is. */
  takeDue(nowMs: number): Item | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return undefined;
    this.remove(first);
    return first;
  }

  #rise(item: Item): void {
    while (item.place > 0) {
      const parent = this.#heap[(item.place - 1) >> 1];
      if (parent === undefined || parent.dueMs <= item.dueMs) return;
      this.#swap(parent, item);
    }
  }

  #sink(item: Item): void {
    for (;;) {
      const left = this.#heap[2 * item.place + 1];
      const right = this.#heap[2 * item.place + 2];
      const child =
        right !== undefined && left !== undefined && right.dueMs < left.dueMs ? right : left;
      if (child === undefined || child.dueMs >= item.dueMs) return;
      this.#swap(item, child);
    }
  }

  #swap(upper: Item, lower: Item): void {
    const place = upper.place;
    this.#put(upper, lower.place);
    this.#put(lower, place);
  }

  #put(item: Item, place: number): void {
    this.#heap[place] = item;
    item.place = place;
  }
}
