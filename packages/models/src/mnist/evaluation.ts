import { type Digit, digitSide } from "../digits.ts";
import { draw } from "./image.ts";
import { Network } from "./network.ts";
import type { Parameters } from "./parameters.ts";

/** The share of digits whose largest score is that of their label. */
export function accuracy(parameters: Parameters, digits: readonly Digit[]): number {
  const network = new Network(parameters);
  const image = new Float64Array(digitSide * digitSide);
  const right = digits.filter(({ pixels, label }) => {
    draw(image, pixels);
    return largest(network.scores(image)) === label;
  });
  return right.length / digits.length;
}

/** The index of the largest number; the first of equal ones. */
export function largest(numbers: Float64Array | Float32Array): number {
  return numbers.indexOf(Math.max(...numbers));
}
