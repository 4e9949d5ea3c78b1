/**
 * Ranks 0 … n − 1 with probability proportional to 1 / (rank + 1)^s, by inversion of the exact
 * cumulative distribution: no approximation for s near or above 1.
 */
export function zipf(n: number, s: number, random: () => number): () => number {
  const cumulative = new Float64Array(n);
  let sum = 0;
  for (let rank = 0; rank < n; rank += 1) {
    sum += 1 / (rank + 1) ** s;
    cumulative[rank] = sum;
  }
  return () => {
    const point = random() * sum;
    let low = 0;
    let high = n - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulative[middle] ?? sum) > point) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
