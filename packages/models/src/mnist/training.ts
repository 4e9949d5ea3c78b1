import { type Digit, digitSide } from "../digits.ts";
import { type Random, seededRandom, shuffled } from "../random.ts";
import { Adam } from "./adam.ts";
import { draw } from "./image.ts";
import { Network } from "./network.ts";
import {
  initialParameters,
  type Parameters,
  parameterCount,
  parametersOver,
} from "./parameters.ts";

export interface Recipe {
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Adam's rate at the first step; it falls linearly to 0 at the last. */
  readonly learningRate: number;
  /** Each digit is moved by up to so many pixels along both axes, anew in each epoch. */
  readonly maxShift: number;
}

/** The recipe of the model in the repository. */
export const shippedRecipe: Recipe = {
  seed: 7,
  epochs: 8,
  batchSize: 32,
  learningRate: 3e-3,
  maxShift: 1,
};

/**
 * Trains the classifier. The same digits and recipe give the same parameters to the last bit,
 * since all arithmetic is IEEE double precision in a fixed order and V8 brings its own `exp`.
 */
export function train(
  digits: readonly Digit[],
  recipe: Recipe,
  onEpoch: (epoch: number, meanLoss: number) => void = () => {},
): Parameters {
  const random = seededRandom(recipe.seed);
  const parameters = initialParameters(random);
  const descent = new Descent(parameters, recipe, digits.length);
  for (let epoch = 1; epoch <= recipe.epochs; epoch++) {
    const order = shuffled(digits, random);
    let loss = 0;
    for (let start = 0; start < order.length; start += recipe.batchSize) {
      loss += descent.step(order.slice(start, start + recipe.batchSize), random);
    }
    onEpoch(epoch, loss / order.length);
  }
  return parameters;
}

/** Stochastic gradient descent over the batches of one training. */
class Descent {
  readonly #parameters: Parameters;
  readonly #recipe: Recipe;
  readonly #network: Network;
  readonly #gradient = parametersOver(new Float64Array(parameterCount));
  readonly #image = new Float64Array(digitSide * digitSide);
  readonly #adam = new Adam(parameterCount);
  readonly #steps: number;
  #step = 0;

  constructor(parameters: Parameters, recipe: Recipe, digitCount: number) {
    this.#parameters = parameters;
    this.#recipe = recipe;
    this.#network = new Network(parameters);
    this.#steps = recipe.epochs * Math.ceil(digitCount / recipe.batchSize);
  }

  /** Learns from one batch; tells the sum of its losses. */
  step(batch: readonly Digit[], random: Random): number {
    const { learningRate, maxShift } = this.#recipe;
    const gradient = this.#gradient.all.fill(0);
    let loss = 0;
    for (const { pixels, label } of batch) {
      draw(this.#image, pixels, shiftUpTo(maxShift, random), shiftUpTo(maxShift, random));
      loss += this.#network.addGradient(this.#image, label, this.#gradient);
    }
    for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i] as number) / batch.length;
    this.#adam.step(this.#parameters.all, gradient, learningRate * (1 - this.#step / this.#steps));
    this.#step += 1;
    return loss;
  }
}

function shiftUpTo(most: number, random: Random): number {
  return Math.floor(random() * (2 * most + 1)) - most;
}
