/**
 * Rectifier and maximum over 2 × 2 in one: max(0, the largest of the four), which is the same in
 * either order.
 */

/** No pixel of the four is positive: the output is 0, and no gradient flows. */
const nobody = -1;

/** `planes` are channels × side × side; `winners` gets the index in `planes` of each maximum. */
export function poolRectified(
  planes: Float64Array,
  side: number,
  pooled: Float64Array,
  winners: Int32Array,
): void {
  let at = 0;
  // Sides are even, so a row of all planes is a row of one: they can be walked as one tall plane.
  for (let top = 0; top < planes.length; top += 2 * side) {
    for (let x = 0; x < side; x += 2) {
      const corner = top + x;
      let winner = nobody;
      let most = 0;
      for (const pixel of [corner, corner + 1, corner + side, corner + side + 1]) {
        const value = planes[pixel] as number;
        if (value > most) {
          most = value;
          winner = pixel;
        }
      }
      pooled[at] = most;
      winners[at] = winner;
      at += 1;
    }
  }
}

/** Writes the gradient of the planes: each output's goes to its winner alone. */
export function poolGradient(
  pooledGradient: Float64Array,
  winners: Int32Array,
  planesGradient: Float64Array,
): void {
  planesGradient.fill(0);
  for (let at = 0; at < winners.length; at++) {
    const winner = winners[at] as number;
    if (winner !== nobody) planesGradient[winner] = pooledGradient[at] as number;
  }
}
