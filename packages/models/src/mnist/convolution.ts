/**
 * 3 × 3 convolution over square planes (channel, row, column), as ONNX's Conv with pads of 1.
 *
 * Inputs are padded: each plane has a border of zeros, so that the loops need no bounds. These
 * loops are most of the training time. The slow twin that they must equal is in the test.
 */
import type { Weights } from "./parameters.ts";

export interface ConvolutionShape {
  readonly inputs: number;
  readonly outputs: number;
  /** Rows, and columns, of a plane without its border. */
  readonly side: number;
}

export function paddedLength({ inputs, side }: ConvolutionShape): number {
  return inputs * (side + 2) ** 2;
}

/** Copies planes into padded ones; the borders are not touched. */
export function pad(shape: ConvolutionShape, planes: Float64Array, padded: Float64Array): void {
  forEachRow(shape, (row, paddedRow) => {
    padded.set(planes.subarray(row, row + shape.side), paddedRow);
  });
}

/** The planes inside the borders. */
export function unpad(shape: ConvolutionShape, padded: Float64Array, planes: Float64Array): void {
  forEachRow(shape, (row, paddedRow) => {
    planes.set(padded.subarray(paddedRow, paddedRow + shape.side), row);
  });
}

function forEachRow(
  { inputs, side }: ConvolutionShape,
  visit: (row: number, paddedRow: number) => void,
): void {
  const stride = side + 2;
  for (let plane = 0; plane < inputs; plane++) {
    for (let y = 0; y < side; y++) {
      visit((plane * side + y) * side, (plane * stride + y + 1) * stride + 1);
    }
  }
}

/** maps[o] = bias[o] + Σ over i of padded[i] ⋆ weight[o][i]. */
export function convolve(
  { inputs, outputs, side }: ConvolutionShape,
  padded: Float64Array,
  { weight, bias }: Weights,
  maps: Float64Array,
): void {
  const stride = side + 2;
  for (let o = 0; o < outputs; o++) {
    const map = maps.subarray(o * side * side, (o + 1) * side * side).fill(bias[o] as number);
    for (let i = 0; i < inputs; i++) {
      for (let tapRow = 0; tapRow < 3; tapRow++) {
        const taps = (o * inputs + i) * 9 + tapRow * 3;
        addRows(map, side, padded, (i * stride + tapRow) * stride, weight, taps);
      }
    }
  }
}

/** Adds one row of taps to a whole map. A pixel is loaded once for the three taps that need it. */
function addRows(
  map: Float64Array,
  side: number,
  padded: Float64Array,
  start: number,
  weight: Float64Array,
  taps: number,
): void {
  const a = weight[taps] as number;
  const b = weight[taps + 1] as number;
  const c = weight[taps + 2] as number;
  for (let y = 0; y < side; y++) {
    const row = start + y * (side + 2);
    let left = padded[row] as number;
    let middle = padded[row + 1] as number;
    for (let x = 0; x < side; x++) {
      const right = padded[row + x + 2] as number;
      map[y * side + x] = (map[y * side + x] as number) + a * left + b * middle + c * right;
      left = middle;
      middle = right;
    }
  }
}

/** Adds to `gradient` what the maps' gradient says about weights and biases. */
export function addWeightGradient(
  shape: ConvolutionShape,
  padded: Float64Array,
  mapsGradient: Float64Array,
  { weight, bias }: Weights,
): void {
  forEachSlope(shape, mapsGradient, (slope, o, corner) => {
    bias[o] = (bias[o] as number) + slope;
    for (let i = 0; i < shape.inputs; i++) {
      for (let tap = 0; tap < 9; tap++) {
        const w = (o * shape.inputs + i) * 9 + tap;
        const pixel = padded[corner + underTap(shape, i, tap)] as number;
        weight[w] = (weight[w] as number) + slope * pixel;
      }
    }
  });
}

/** Writes what the maps' gradient says about the padded input. */
export function inputGradient(
  shape: ConvolutionShape,
  { weight }: Weights,
  mapsGradient: Float64Array,
  paddedGradient: Float64Array,
): void {
  paddedGradient.fill(0);
  forEachSlope(shape, mapsGradient, (slope, o, corner) => {
    for (let i = 0; i < shape.inputs; i++) {
      for (let tap = 0; tap < 9; tap++) {
        const w = weight[(o * shape.inputs + i) * 9 + tap] as number;
        const pixel = corner + underTap(shape, i, tap);
        paddedGradient[pixel] = (paddedGradient[pixel] as number) + slope * w;
      }
    }
  });
}

/**
 * Visits the gradient that is not 0: the pool passes one to at most one pixel of four. `corner` is
 * the pixel of a padded plane under the kernel's first tap.
 */
function forEachSlope(
  { outputs, side }: ConvolutionShape,
  mapsGradient: Float64Array,
  visit: (slope: number, output: number, corner: number) => void,
): void {
  let at = 0;
  for (let o = 0; o < outputs; o++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const slope = mapsGradient[at++] as number;
        if (slope !== 0) visit(slope, o, y * (side + 2) + x);
      }
    }
  }
}

/** From the corner of a padded plane 0 to the pixel of plane `input` under a tap. */
function underTap({ side }: ConvolutionShape, input: number, tap: number): number {
  const stride = side + 2;
  const row = Math.floor(tap / 3);
  return input * stride * stride + row * stride + tap - 3 * row;
}
