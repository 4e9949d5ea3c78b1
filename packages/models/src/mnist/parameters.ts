import assert from "node:assert";
import type { Random } from "../random.ts";
import { classes, featureCount, firstConvolution, secondConvolution } from "./architecture.ts";

/** What one layer learned: weights with the output's index first, and one bias per output. */
export interface Weights {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/**
 * Everything the network learned, or a gradient of it. `all` is one vector, which is what the
 * optimiser and a check against finite differences want; the layers are views of it.
 */
export interface Parameters {
  readonly all: Float64Array;
  readonly first: Weights;
  readonly second: Weights;
  readonly dense: Weights;
}

export interface ParameterTensor {
  /** Also its name in the ONNX file. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

const shapes: readonly (readonly [string, readonly number[]])[] = [
  ["first.weight", [firstConvolution.outputs, firstConvolution.inputs, 3, 3]],
  ["first.bias", [firstConvolution.outputs]],
  ["second.weight", [secondConvolution.outputs, secondConvolution.inputs, 3, 3]],
  ["second.bias", [secondConvolution.outputs]],
  ["dense.weight", [classes, featureCount]],
  ["dense.bias", [classes]],
];

/** The tensors of the vector in their order. */
export const parameterTensors: readonly ParameterTensor[] = place(shapes);

export const parameterCount = parameterTensors.reduce((sum, { length }) => sum + length, 0);

function place(named: typeof shapes): ParameterTensor[] {
  let offset = 0;
  return named.map(([name, shape]) => {
    const length = shape.reduce((product, dimension) => product * dimension, 1);
    offset += length;
    return { name, shape, offset: offset - length, length };
  });
}

export function parametersOver(all: Float64Array): Parameters {
  assert(all.length === parameterCount, `the network has ${parameterCount} parameters`);
  const [a, b, c, d, e, f] = parameterTensors.map(({ offset, length }) =>
    all.subarray(offset, offset + length),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  return {
    all,
    first: { weight: a, bias: b },
    second: { weight: c, bias: d },
    dense: { weight: e, bias: f },
  };
}

/** Uniform weights of variance 2 / fan-in (He et al. 2015), biases 0. */
export function initialParameters(random: Random): Parameters {
  const all = new Float64Array(parameterCount);
  for (const { shape, offset, length } of parameterTensors) {
    if (shape.length === 1) continue;
    const fanIn = length / (shape[0] as number);
    const bound = Math.sqrt(6 / fanIn);
    for (let i = offset; i < offset + length; i++) all[i] = bound * (2 * random() - 1);
  }
  return parametersOver(all);
}
