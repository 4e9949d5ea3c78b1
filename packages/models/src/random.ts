/** Uniform in [0, 1), 32 bits at a time. */
export type Random = () => number;

/** Mulberry32 (Tommy Ettinger, 2017): the same numbers on every machine for a 32-bit seed. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A new array in an order that `random` alone decides (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items];
  for (let left = order.length; left > 1; left--) {
    const chosen = Math.floor(random() * left);
    const last = order[left - 1] as T;
    order[left - 1] = order[chosen] as T;
    order[chosen] = last;
  }
  return order;
}
