/** Requests for names from 0, the most popular first, as popular as 1/rank^exponent. */
export function zipf(requests: number, names: number, exponent: number): number[] {
  const sums: number[] = [];
  for (let rank = 0; rank < names; rank++) {
    sums.push((sums.at(-1) ?? 0) + 1 / (rank + 1) ** exponent);
  }
  const total = sums.at(-1) ?? 0;
  const random = randomFrom(42);
  return Array.from({ length: requests }, () =>
    firstAbove(sums, (random(1_000_003) / 1_000_003) * total),
  );
}

/** Whole numbers below a limit, the same ones for the same seed (Numerical Recipes' generator). */
export function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function firstAbove(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
