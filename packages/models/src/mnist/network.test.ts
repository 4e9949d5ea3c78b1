import { expect, test } from "vitest";
import { seededRandom } from "../random.ts";
import { crossEntropy } from "./loss.ts";
import { Network } from "./network.ts";
import {
  initialParameters,
  parameterCount,
  parametersOver,
  parameterTensors,
} from "./parameters.ts";

const random = seededRandom(11);
const parameters = initialParameters(random);
const network = new Network(parameters);
const image = Float64Array.from({ length: 784 }, random);
const label = 3;

function loss(): number {
  return crossEntropy(network.scores(image), label, new Float64Array(10));
}

test("gradients agree with finite differences, in every tensor", () => {
  const gradient = parametersOver(new Float64Array(parameterCount));
  network.addGradient(image, label, gradient);
  const step = 1e-6;
  for (const { name, offset, length } of parameterTensors) {
    const stride = Math.ceil(length / 40);
    for (let i = offset; i < offset + length; i += stride) {
      const before = parameters.all[i] as number;
      parameters.all[i] = before + step;
      const above = loss();
      parameters.all[i] = before - step;
      const slope = (above - loss()) / (2 * step);
      parameters.all[i] = before;
      expect(gradient.all[i], `${name}[${i - offset}]`).toBeCloseTo(slope, 6);
    }
    // An all-zero gradient would agree with a network that ignores the tensor.
    expect(gradient.all.subarray(offset, offset + length).some((slope) => slope !== 0)).toBe(true);
  }
});

test("gradients of several images add up", () => {
  const once = parametersOver(new Float64Array(parameterCount));
  const twice = parametersOver(new Float64Array(parameterCount));
  network.addGradient(image, label, once);
  network.addGradient(image, label, twice);
  network.addGradient(image, label, twice);
  const differences = twice.all.map((slope, i) => Math.abs(slope - 2 * (once.all[i] as number)));
  expect(Math.max(...differences)).toBeLessThan(1e-12);
});

test("the loss of scores that exp cannot take is finite", () => {
  const gradient = new Float64Array(3);
  expect(crossEntropy(Float64Array.of(2000, 0, 0), 0, gradient)).toBe(0);
  expect(crossEntropy(Float64Array.of(2000, 0, 0), 1, gradient)).toBe(2000);
  expect([...gradient]).toEqual([1, -1, 0]);
});
