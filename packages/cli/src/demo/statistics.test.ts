import type { Answer } from "@kvring/client";
import { seededRandom } from "@kvring/models";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerBook } from "./answers.ts";
import { percentile } from "./percentile.ts";
import { inLanes } from "./stream.ts";
import { zipf } from "./zipf.ts";

describe("zipf", () => {
  test.each([
    [1, 1],
    [10, 1],
    [10, 0],
    [50, 0.8],
    [50, 2],
  ])("draws each of %i ranks exactly as often as exponent %d says", (ranks, exponent) => {
    const draws = 10_000;
    let next = 0;
    // Evenly spread instead of random: every rank gets its share to within one draw at each end.
    const draw = zipf(ranks, exponent, () => (next++ + 0.5) / draws);
    const counts = new Array<number>(ranks).fill(0);
    for (let index = 0; index < draws; index += 1) {
      const rank = draw();
      counts[rank] = (counts[rank] ?? Number.NaN) + 1;
    }
    const weights = counts.map((_, rank) => 1 / (rank + 1) ** exponent);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (const [rank, weight] of weights.entries()) {
      expect(Math.abs((counts[rank] ?? 0) - (draws * weight) / sum)).toBeLessThanOrEqual(1);
    }
  });

  test("stays within its ranks at the ends of the random numbers", () => {
    expect(zipf(7, 1, () => 0)()).toBe(0);
    expect(zipf(7, 1, () => 1 - 2 ** -53)()).toBe(6);
  });

  test("is repeatable by its seed", () => {
    const draws = (seed: number) => Array.from({ length: 20 }, zipf(100, 1, seededRandom(seed)));
    expect(draws(3)).toEqual(draws(3));
    expect(draws(3)).not.toEqual(draws(4));
  });
});

describe("a percentile", () => {
  test("is a sample below which that share of them lies", () => {
    const samples = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 100 }), (values, percent) => {
        const found = percentile(values, percent / 100);
        const upTo = values.filter((value) => value <= found).length;
        const below = values.filter((value) => value < found).length;
        expect(values).toContain(found);
        expect(upTo).toBeGreaterThanOrEqual((percent / 100) * values.length - 1e-9);
        expect(below).toBeLessThan((percent / 100) * values.length + 1e-9);
      }),
    );
  });

  test("leaves its samples as they are, and is 0 without any", () => {
    const samples = [3, 1, 2];
    expect([0, 0.5, 0.99, 1].map((share) => percentile(samples, share))).toEqual([1, 2, 3, 3]);
    expect(samples).toEqual([3, 1, 2]);
    expect(percentile([], 0.5)).toBe(0);
  });
});

describe("the book of answers", () => {
  const status = {
    l1: "kvring; hit; ttl=57; detail=l1",
    node: "kvring; hit; ttl=57; detail=node",
    collapsed: "kvring; fwd=miss; collapsed",
    computed: "kvring; fwd=miss; stored",
  };

  function answer(cacheStatus: string, ...outputs: readonly string[]): Answer {
    return {
      ...{ model: "m", version: "1", id: "", parameters: new Map(), bytes: 10, cacheStatus },
      outputs: outputs.map((text, index) => ({
        ...{ name: `y${index}`, datatype: "UINT8", shape: [text.length] },
        data: Buffer.from(text),
      })),
    };
  }

  test("knows by the answer's own word where it came from", () => {
    const countsOf = (cacheStatus: string): AnswerBook["counts"] => {
      const book = new AnswerBook();
      book.add(1, answer(cacheStatus, "a"), 1);
      return book.counts;
    };
    const none = { l1: 0, node: 0, collapsed: 0, computed: 0 };
    for (const [layer, cacheStatus] of Object.entries(status)) {
      expect(countsOf(cacheStatus)).toEqual({ ...none, [layer]: 1 });
    }
    for (const other of ["kvring; fwd=bypass", "kvring; fwd=miss; detail=no-node", ""]) {
      expect(countsOf(other)).toEqual({ ...none, computed: 1 });
    }
  });

  test("counts by layer, and adds up", () => {
    const book = new AnswerBook();
    expect(book.hitRatio).toBe(0);
    for (const cacheStatus of Object.values(status)) book.add(1, answer(cacheStatus, "a"), 1);
    book.add(1, answer(status.l1, "a"), 1);
    expect(book.counts).toEqual({ l1: 2, node: 1, collapsed: 1, computed: 1 });
    expect(book.requests).toBe(5);
    expect(book.hitRatio).toBe(0.6);
  });

  test("holds every answer to a question against the first, bit for bit", () => {
    const book = new AnswerBook();
    book.add(1, answer(status.computed, "a", "b"), 1);
    book.add(2, answer(status.computed, "x"), 1);
    book.add(1, answer(status.node, "a", "b"), 1);
    book.add(2, answer(status.l1, "y"), 1);
    book.compare(1, answer("kvring; fwd=bypass", "a", "c"));
    expect(book.identity).toEqual({ compared: 3, different: 2 });
    expect(book.requests).toBe(4);
  });

  test("tells how long hits and misses took; who only joined is neither", () => {
    const book = new AnswerBook();
    for (const ms of [1, 3]) book.add(1, answer(status.l1, "a"), ms);
    book.add(1, answer(status.node, "a"), 5);
    book.add(1, answer(status.collapsed, "a"), 1_000);
    for (const ms of [10, 20]) book.add(1, answer(status.computed, "a"), ms);
    expect([book.quantile("hit", 0.5), book.quantile("hit", 1)]).toEqual([3, 5]);
    expect([book.quantile("miss", 0.5), book.quantile("miss", 1)]).toEqual([10, 20]);
  });
});

describe("lanes", () => {
  test("do everything once, in order, so many at a time", async () => {
    let [running, most] = [0, 0];
    const begun: number[] = [];
    await inLanes(20, 3, async (index) => {
      begun.push(index);
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
    });
    expect(begun).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(most).toBe(3);
  });

  test("end with the first failure, when what was under way is done", async () => {
    const gate = Promise.withResolvers<void>();
    const ended: number[] = [];
    const lanes = inLanes(10, 2, async (index) => {
      if (index === 1) throw new Error("second");
      await gate.promise;
      ended.push(index);
      throw new Error("first, but later");
    });
    gate.resolve();
    await expect(lanes).rejects.toThrow("second");
    expect(ended).toEqual([0]);
  });
});
