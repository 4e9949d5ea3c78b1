/** A binary heap of small whole numbers by a key that its owner keeps. */
export class NumberHeap {
  readonly #isBefore: (a: number, b: number) => boolean;
  readonly #heap: number[] = [];
  /** Where each is, by number. */
  readonly #at: number[] = [];

  constructor(isBefore: (a: number, b: number) => boolean) {
    this.#isBefore = isBefore;
  }

  get first(): number | undefined {
    return this.#heap[0];
  }

  push(item: number): void {
    this.#at[item] = this.#heap.length;
    this.#heap.push(item);
    this.#rise(item);
  }

  /** Its key has changed. */
  move(item: number): void {
    this.#rise(item);
    this.#sink(item);
  }

  remove(item: number): void {
    const at = this.#at[item] as number;
    const last = this.#heap.pop() as number;
    if (last === item) return;
    this.#put(last, at);
    this.move(last);
  }

  #rise(item: number): void {
    let at = this.#at[item] as number;
    while (at > 0) {
      const parent = this.#heap[(at - 1) >> 1] as number;
      if (!this.#isBefore(item, parent)) break;
      this.#put(parent, at);
      at = (at - 1) >> 1;
    }
    this.#put(item, at);
  }

  #sink(item: number): void {
    let at = this.#at[item] as number;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#heap.length) break;
      const [left, right] = [this.#heap[child] as number, this.#heap[child + 1]];
      let smaller = left;
      if (right !== undefined && this.#isBefore(right, left)) {
        smaller = right;
        child += 1;
      }
      if (!this.#isBefore(smaller, item)) break;
      this.#put(smaller, at);
      at = child;
    }
    this.#put(item, at);
  }

  #put(item: number, at: number): void {
    this.#heap[at] = item;
    this.#at[item] = at;
  }
}
