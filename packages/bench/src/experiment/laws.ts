import type { Random } from "@kvring/models";

/** Who is asked for how often: items are 0 … n − 1, the most popular first. */
export interface Law {
  readonly name: string;
  /** Probabilities, where requests are independent of one another; the formulas hold only there. */
  readonly popularity?: (items: number) => Float64Array;
  /** An endless stream of items; equal random numbers give equal streams. */
  stream(items: number, random: Random): () => number;
}

export const lawNames = [
  "uniform",
  "zipf-0.8",
  "zipf-1.0",
  "zipf-1.2",
  "shifting",
  "scan",
] as const;
export type LawName = (typeof lawNames)[number];

/** Every so many requests the popularity of `shifting` moves on by a twentieth of the items. */
const shiftEvery = 500;
const shiftShare = 1 / 20;

/** Requests of `scan` between two passes over a quarter of all items, one after another. */
const scanEvery = 1_000;
const scanShare = 1 / 4;

export const laws: Readonly<Record<LawName, Law>> = {
  uniform: independent("uniform", (items) => zipf(items, 0)),
  "zipf-0.8": independent("zipf-0.8", (items) => zipf(items, 0.8)),
  "zipf-1.0": independent("zipf-1.0", (items) => zipf(items, 1)),
  "zipf-1.2": independent("zipf-1.2", (items) => zipf(items, 1.2)),
  shifting: { name: "shifting", stream: shifting },
  scan: { name: "scan", stream: scanning },
};

/** The n-th most popular of so many is asked with a probability proportional to n^−exponent. */
export function zipf(items: number, exponent: number): Float64Array {
  const weights = Float64Array.from({ length: items }, (_, rank) => (rank + 1) ** -exponent);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Draws items by their probabilities: inversion of the cumulative distribution. */
export function draws(popularity: Float64Array, random: Random): () => number {
  let sum = 0;
  const cumulative = popularity.map((share) => {
    sum += share;
    return sum;
  });
  return () => {
    const point = random() * sum;
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulative[middle] ?? sum) > point) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

function independent(name: string, popularity: (items: number) => Float64Array): Law {
  return { name, popularity, stream: (items, random) => draws(popularity(items), random) };
}

/** Zipf 1.0, whose favourites are others after a while: the items turn under the ranks. */
function shifting(items: number, random: Random): () => number {
  const rank = draws(zipf(items, 1), random);
  const step = Math.max(1, Math.round(items * shiftShare));
  let asked = 0;
  return () => {
    const turned = Math.floor(asked / shiftEvery) * step;
    asked += 1;
    return (rank() + turned) % items;
  };
}

/** Zipf 1.0, and now and then somebody who goes through many items once. */
function scanning(items: number, random: Random): () => number {
  const rank = draws(zipf(items, 1), random);
  const length = Math.max(1, Math.round(items * scanShare));
  let asked = 0;
  let next = 0;
  return () => {
    const at = asked % (scanEvery + length);
    asked += 1;
    if (at < scanEvery) return rank();
    next = (next + 1) % items;
    return next;
  };
}
