const meanDecay = 0.9;
const squareDecay = 0.999;
const epsilon = 1e-8;

/** Adam with bias correction (Kingma and Ba 2015, algorithm 1). */
export class Adam {
  readonly #mean: Float64Array;
  readonly #square: Float64Array;
  #steps = 0;

  constructor(parameterCount: number) {
    this.#mean = new Float64Array(parameterCount);
    this.#square = new Float64Array(parameterCount);
  }

  /** Moves the parameters against the gradient, each by about `rate`. */
  step(parameters: Float64Array, gradient: Float64Array, rate: number): void {
    this.#steps += 1;
    const meanCorrection = 1 - meanDecay ** this.#steps;
    const squareCorrection = 1 - squareDecay ** this.#steps;
    for (let i = 0; i < parameters.length; i++) {
      const slope = gradient[i] as number;
      const mean = meanDecay * (this.#mean[i] as number) + (1 - meanDecay) * slope;
      const square = squareDecay * (this.#square[i] as number) + (1 - squareDecay) * slope * slope;
      this.#mean[i] = mean;
      this.#square[i] = square;
      const move = mean / meanCorrection / (Math.sqrt(square / squareCorrection) + epsilon);
      parameters[i] = (parameters[i] as number) - rate * move;
    }
  }
}
