import assert from "node:assert/strict";

export interface Appointment {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

/** Virtual time: what is to happen, in order. A binary heap; equal times in order of arrival. */
export class Scheduler {
  readonly #heap: Appointment[] = [];
  #nowMs = 0;
  #order = 0;
  #steps = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many things have happened. */
  get steps(): number {
    return this.#steps;
  }

  after(delayMs: number, run: () => void): Appointment {
    assert(delayMs >= 0, "nothing happens in the past");
    const appointment = {
      atMs: this.#nowMs + delayMs,
      order: this.#order,
      run,
      isCancelled: false,
    };
    this.#order += 1;
    this.#push(appointment);
    return appointment;
  }

  /** Lets happen what is due until then. */
  runUntil(untilMs: number): void {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#pop();
      if (next.isCancelled) continue;
      this.#nowMs = next.atMs;
      this.#steps += 1;
      next.run();
    }
    this.#nowMs = untilMs;
  }

  #push(added: Appointment): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(added);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as Appointment;
      if (isBefore(parent, added)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = added;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = heap[childAt];
      if (child === undefined) break;
      const other = heap[childAt + 1];
      if (other !== undefined && isBefore(other, child)) {
        child = other;
        childAt += 1;
      }
      if (isBefore(last, child)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
  }
}

function isBefore(one: Appointment, other: Appointment): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
