import { classes, featureCount, firstConvolution, secondConvolution } from "./architecture.ts";
import {
  addWeightGradient,
  convolve,
  inputGradient,
  pad,
  paddedLength,
  unpad,
} from "./convolution.ts";
import { denseGradient, multiply } from "./dense.ts";
import { crossEntropy } from "./loss.ts";
import type { Parameters } from "./parameters.ts";
import { poolGradient, poolRectified } from "./pooling.ts";

const firstMaps = firstConvolution.outputs * firstConvolution.side ** 2;
const secondMaps = secondConvolution.outputs * secondConvolution.side ** 2;

/**
 * The digit classifier, one image at a time, in double precision. It owns the memory of its
 * activations, so the arrays it gives are good until the next call.
 */
export class Network {
  readonly #parameters: Parameters;

  readonly #firstInput = new Float64Array(paddedLength(firstConvolution));
  readonly #firstMaps = new Float64Array(firstMaps);
  readonly #firstPooled = new Float64Array(firstMaps / 4);
  readonly #firstWinners = new Int32Array(firstMaps / 4);
  readonly #secondInput = new Float64Array(paddedLength(secondConvolution));
  readonly #secondMaps = new Float64Array(secondMaps);
  readonly #features = new Float64Array(featureCount);
  readonly #secondWinners = new Int32Array(featureCount);
  readonly #scores = new Float64Array(classes);

  readonly #scoresGradient = new Float64Array(classes);
  readonly #featuresGradient = new Float64Array(featureCount);
  readonly #secondMapsGradient = new Float64Array(secondMaps);
  readonly #secondInputGradient = new Float64Array(paddedLength(secondConvolution));
  readonly #firstPooledGradient = new Float64Array(firstMaps / 4);
  readonly #firstMapsGradient = new Float64Array(firstMaps);

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
  }

  /** Ten scores, before softmax, of a 28 × 28 image in [0, 1]. */
  scores(image: Float64Array): Float64Array {
    const { first, second, dense } = this.#parameters;
    pad(firstConvolution, image, this.#firstInput);
    convolve(firstConvolution, this.#firstInput, first, this.#firstMaps);
    poolRectified(this.#firstMaps, firstConvolution.side, this.#firstPooled, this.#firstWinners);
    pad(secondConvolution, this.#firstPooled, this.#secondInput);
    convolve(secondConvolution, this.#secondInput, second, this.#secondMaps);
    poolRectified(this.#secondMaps, secondConvolution.side, this.#features, this.#secondWinners);
    multiply(dense, this.#features, this.#scores);
    return this.#scores;
  }

  /** Adds the gradient of the image's loss to `gradient`; tells the loss. */
  addGradient(image: Float64Array, label: number, gradient: Parameters): number {
    const { second, dense } = this.#parameters;
    const loss = crossEntropy(this.scores(image), label, this.#scoresGradient);
    denseGradient(
      dense,
      this.#features,
      this.#scoresGradient,
      gradient.dense,
      this.#featuresGradient,
    );
    poolGradient(this.#featuresGradient, this.#secondWinners, this.#secondMapsGradient);
    addWeightGradient(
      secondConvolution,
      this.#secondInput,
      this.#secondMapsGradient,
      gradient.second,
    );
    inputGradient(secondConvolution, second, this.#secondMapsGradient, this.#secondInputGradient);
    unpad(secondConvolution, this.#secondInputGradient, this.#firstPooledGradient);
    poolGradient(this.#firstPooledGradient, this.#firstWinners, this.#firstMapsGradient);
    addWeightGradient(firstConvolution, this.#firstInput, this.#firstMapsGradient, gradient.first);
    return loss;
  }
}
