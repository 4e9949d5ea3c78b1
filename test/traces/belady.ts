/**
 * The fewest misses that any cache of so many entries can have on these requests: on a miss the
 * entry goes that is asked for last (Belady: "A study of replacement algorithms for a
 * virtual-storage computer", IBM Systems Journal 1966); or the newcomer, if that is it.
 */
export function fewestMisses(keys: ArrayLike<number>, capacity: number): number {
  const nextUse = nextUses(keys);
  const next = new Map<number, number>();
  const queue = new FarthestFirst();
  let misses = 0;
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as number;
    if (!next.has(key)) misses += 1;
    next.set(key, nextUse[at] as number);
    queue.push(nextUse[at] as number, key);
    while (next.size > capacity) {
      const [use, farthest] = queue.pop();
      // What was asked for since has a later use in the queue.
      if (next.get(farthest) === use) next.delete(farthest);
    }
  }
  return misses;
}

function nextUses(keys: ArrayLike<number>): Float64Array {
  const uses = new Float64Array(keys.length);
  const seen = new Map<number, number>();
  for (let at = keys.length - 1; at >= 0; at--) {
    const key = keys[at] as number;
    // Keys that never come again differ, so that the queue tells their entries apart.
    uses[at] = seen.get(key) ?? keys.length + at;
    seen.set(key, at);
  }
  return uses;
}

/** A binary heap, the largest use first. */
class FarthestFirst {
  readonly #heap: [number, number][] = [];

  push(use: number, key: number): void {
    let at = this.#heap.length;
    while (at > 0) {
      const parent = this.#heap[(at - 1) >> 1] as [number, number];
      if (parent[0] >= use) break;
      this.#heap[at] = parent;
      at = (at - 1) >> 1;
    }
    this.#heap[at] = [use, key];
  }

  pop(): [number, number] {
    const first = this.#heap[0] as [number, number];
    const last = this.#heap.pop() as [number, number];
    if (this.#heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(item: [number, number]): void {
    let at = 0;
    for (let child = 1; child < this.#heap.length; child = 2 * at + 1) {
      const [left, right] = [this.#heap[child] as [number, number], this.#heap[child + 1]];
      let larger = left;
      if (right !== undefined && right[0] > left[0]) {
        larger = right;
        child += 1;
      }
      if (larger[0] <= item[0]) break;
      this.#heap[at] = larger;
      at = child;
    }
    this.#heap[at] = item;
  }
}
