import type { Weights } from "./parameters.ts";

/** scores = weight · features + bias. */
export function multiply(
  { weight, bias }: Weights,
  features: Float64Array,
  scores: Float64Array,
): void {
  for (let o = 0; o < scores.length; o++) {
    let sum = bias[o] as number;
    const row = o * features.length;
    for (let i = 0; i < features.length; i++) {
      sum += (weight[row + i] as number) * (features[i] as number);
    }
    scores[o] = sum;
  }
}

/** Adds to the gradient of the weights and writes that of the features. */
export function denseGradient(
  { weight }: Weights,
  features: Float64Array,
  scoresGradient: Float64Array,
  gradient: Weights,
  featuresGradient: Float64Array,
): void {
  featuresGradient.fill(0);
  for (let o = 0; o < scoresGradient.length; o++) {
    const slope = scoresGradient[o] as number;
    gradient.bias[o] = (gradient.bias[o] as number) + slope;
    const row = o * features.length;
    for (let i = 0; i < features.length; i++) {
      const w = row + i;
      gradient.weight[w] = (gradient.weight[w] as number) + slope * (features[i] as number);
      featuresGradient[i] = (featuresGradient[i] as number) + slope * (weight[w] as number);
    }
  }
}
