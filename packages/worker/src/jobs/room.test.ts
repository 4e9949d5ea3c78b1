import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Room } from "./room.ts";

/** Work that ends when it is told to. */
class Work {
  readonly started: number[] = [];
  readonly #ends = new Map<number, PromiseWithResolvers<void>>();

  do(id: number): () => Promise<void> {
    return () => {
      this.started.push(id);
      const end = Promise.withResolvers<void>();
      this.#ends.set(id, end);
      return end.promise;
    };
  }

  get running(): readonly number[] {
    return [...this.#ends.keys()];
  }

  /** Ends the n-th of those that run, well or badly. */
  end(n: number, failing: boolean): void {
    const id = this.running[n % this.running.length];
    if (id === undefined) return;
    const end = this.#ends.get(id);
    this.#ends.delete(id);
    if (failing) end?.reject(new Error("failed"));
    else end?.resolve();
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
}

describe("a room", () => {
  test("never holds more than it has places for, in the order of asking, whatever ends when", async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant("begin" as const) }),
        fc.record({ kind: fc.constant("end" as const), n: fc.nat(10), failing: fc.boolean() }),
      ),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (count, script) => {
        const room = new Room({ places: count, bytes: 1_000 });
        const work = new Work();
        const outcomes: Promise<unknown>[] = [];
        let asked = 0;
        let ended = 0;
        for (const step of script) {
          if (step.kind === "begin") {
            outcomes.push(room.use(1, work.do(asked)).catch(() => {}));
            asked += 1;
          } else if (work.running.length > 0) {
            work.end(step.n, step.failing);
            ended += 1;
          }
          await turns();
          // As many as may run do, and none that came later is ahead of one that waits.
          expect(work.running.length).toBe(Math.min(count, asked - ended));
          expect(work.started).toEqual(Array.from({ length: work.started.length }, (_, id) => id));
        }
        while (work.running.length > 0) {
          work.end(0, false);
          await turns();
        }
        await Promise.all(outcomes);
        expect(work.started).toHaveLength(asked);
      }),
    );
  });

  test("gives what the work gives, and what it throws", async () => {
    const room = new Room({ places: 1, bytes: 10 });
    await expect(room.use(1, async () => 7)).resolves.toBe(7);
    await expect(room.use(1, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(room.use(1, async () => 8)).resolves.toBe(8);
  });

  test("holds no more bytes than it may, but for one that is larger and alone", async () => {
    const room = new Room({ places: 10, bytes: 10 });
    const work = new Work();
    const all = [6, 4, 1, 30, 1].map((bytes, id) => room.use(bytes, work.do(id)));
    await turns();
    expect(work.started).toEqual([0, 1]);
    work.end(0, false);
    await turns();
    expect(work.started).toEqual([0, 1, 2]);
    work.end(0, false);
    work.end(0, false);
    await turns();
    expect(work.running).toEqual([3]);
    work.end(0, false);
    await turns();
    work.end(0, false);
    await Promise.all(all);
  });
});
