/** A binary heap of small whole numbers by a key that its owner keeps. */
export class QueueHeap {
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

  push(queue: number): void {
    this.#at[queue] = this.#heap.length;
    this.#heap.push(queue);
    this.#rise(queue);
  }

  /** Its key has changed. */
  move(queue: number): void {
    this.#rise(queue);
    this.#sink(queue);
  }

  remove(queue: number): void {
    const at = this.#at[queue] as number;
    const last = this.#heap.pop() as number;
    if (last === queue) return;
    this.#put(last, at);
    this.move(last);
  }

  #rise(queue: number): void {
    let at = this.#at[queue] as number;
    while (at > 0) {
      const parent = this.#heap[(at - 1) >> 1] as number;
      if (!this.#isBefore(queue, parent)) break;
      this.#put(parent, at);
      at = (at - 1) >> 1;
    }
    this.#put(queue, at);
  }

  #sink(queue: number): void {
    let at = this.#at[queue] as number;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#heap.length) break;
      const [left, right] = [this.#heap[child] as number, this.#heap[child + 1]];
      let smaller = left;
      if (right !== undefined && this.#isBefore(right, left)) {
        smaller = right;
        child += 1;
      }
      if (!this.#isBefore(smaller, queue)) break;
      this.#put(smaller, at);
      at = child;
    }
    this.#put(queue, at);
  }

  #put(queue: number, at: number): void {
    this.#heap[at] = queue;
    this.#at[queue] = at;
  }
}
