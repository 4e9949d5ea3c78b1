import { expect, test } from "vitest";
import { seededRandom } from "../random.ts";
import {
  addWeightGradient,
  type ConvolutionShape,
  convolve,
  inputGradient,
  pad,
  paddedLength,
  unpad,
} from "./convolution.ts";

const shape: ConvolutionShape = { inputs: 2, outputs: 3, side: 4 };
const { inputs, outputs, side } = shape;
const random = seededRandom(3);
const noise = (length: number) => Float64Array.from({ length }, () => random() - 0.5);

const planes = noise(inputs * side * side);
const weights = { weight: noise(outputs * inputs * 9), bias: noise(outputs) };
const padded = new Float64Array(paddedLength(shape));
pad(shape, planes, padded);

/** Calls with the index of every map pixel, weight and plane pixel that meet. */
function forEachMeeting(visit: (map: number, weight: number, pixel: number) => void): void {
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++)
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++)
          for (let row = 0; row < 3; row++)
            for (let column = 0; column < 3; column++) {
              const [py, px] = [y + row - 1, x + column - 1];
              if (py < 0 || py >= side || px < 0 || px >= side) continue;
              const map = (o * side + y) * side + x;
              visit(map, (o * inputs + i) * 9 + row * 3 + column, (i * side + py) * side + px);
            }
}

const at = (array: Float64Array, index: number) => array[index] as number;

function expectClose(actual: Float64Array, expected: Float64Array): void {
  expect(actual.length).toBe(expected.length);
  const furthest = actual.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - at(expected, i))),
    0,
  );
  expect(furthest).toBeLessThan(1e-12);
}

test("padding and taking it off give the planes back", () => {
  const back = new Float64Array(planes.length);
  unpad(shape, padded, back);
  expect(back).toEqual(planes);
});

test("maps equal the definition of a convolution", () => {
  const slow = Float64Array.from({ length: outputs * side * side }, (_, map) =>
    at(weights.bias, Math.floor(map / (side * side))),
  );
  forEachMeeting((map, weight, pixel) => {
    slow[map] = at(slow, map) + at(weights.weight, weight) * at(planes, pixel);
  });
  const maps = new Float64Array(slow.length);
  convolve(shape, padded, weights, maps);
  expectClose(maps, slow);
});

test("gradients equal the definition, also where a map has none", () => {
  const mapsGradient = noise(outputs * side * side).map((slope) => Math.max(slope, 0));
  const slowWeight = new Float64Array(weights.weight.length);
  const slowPlanes = new Float64Array(planes.length);
  forEachMeeting((map, weight, pixel) => {
    const slope = at(mapsGradient, map);
    slowWeight[weight] = at(slowWeight, weight) + slope * at(planes, pixel);
    slowPlanes[pixel] = at(slowPlanes, pixel) + slope * at(weights.weight, weight);
  });

  const gradient = { weight: new Float64Array(slowWeight.length), bias: new Float64Array(outputs) };
  addWeightGradient(shape, padded, mapsGradient, gradient);
  expectClose(gradient.weight, slowWeight);
  const sums = Float64Array.from({ length: outputs }, (_, o) =>
    mapsGradient.subarray(o * side * side, (o + 1) * side * side).reduce((sum, s) => sum + s, 0),
  );
  expectClose(gradient.bias, sums);

  const paddedGradient = new Float64Array(padded.length);
  const planesGradient = new Float64Array(planes.length);
  inputGradient(shape, weights, mapsGradient, paddedGradient);
  unpad(shape, paddedGradient, planesGradient);
  expectClose(planesGradient, slowPlanes);
});
