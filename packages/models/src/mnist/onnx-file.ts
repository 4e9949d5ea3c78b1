import assert from "node:assert";
import {
  ElementType,
  initializer,
  intAttribute,
  intsAttribute,
  node,
  tensorValue,
} from "../onnx/graph.ts";
import { decodeFloats, encodeModel } from "../onnx/model.ts";
import { classes } from "./architecture.ts";
import { type Parameters, parameterCount, parametersOver, parameterTensors } from "./parameters.ts";

const pool = [intsAttribute("kernel_shape", [2, 2]), intsAttribute("strides", [2, 2])];
const convolution = [intsAttribute("kernel_shape", [3, 3]), intsAttribute("pads", [1, 1, 1, 1])];

/**
 * The classifier as an ONNX file.
 *
 * `image`: FP32 [n, 1, 28, 28], pixels / 255, ink is 1. `scores`: FP32 [n, 10], before softmax;
 * the digit is the index of the largest.
 */
export function encodeMnist({ all }: Parameters): Uint8Array {
  return encodeModel({
    name: "mnist",
    docs: "Handwritten digits. image: pixels / 255, ink is 1. scores: before softmax.",
    inputs: [tensorValue("image", ElementType.FLOAT, ["batch", 1, 28, 28], "pixels / 255")],
    outputs: [tensorValue("scores", ElementType.FLOAT, ["batch", classes], "before softmax")],
    nodes: [
      node("Conv", ["image", "first.weight", "first.bias"], ["first"], ...convolution),
      node("Relu", ["first"], ["first.rectified"]),
      node("MaxPool", ["first.rectified"], ["first.pooled"], ...pool),
      node("Conv", ["first.pooled", "second.weight", "second.bias"], ["second"], ...convolution),
      node("Relu", ["second"], ["second.rectified"]),
      node("MaxPool", ["second.rectified"], ["second.pooled"], ...pool),
      node("Flatten", ["second.pooled"], ["features"], intAttribute("axis", 1)),
      node(
        "Gemm",
        ["features", "dense.weight", "dense.bias"],
        ["scores"],
        intAttribute("transB", 1),
      ),
    ],
    initializers: parameterTensors.map(({ name, shape, offset, length }) =>
      initializer(name, shape, Float32Array.from(all.subarray(offset, offset + length))),
    ),
  });
}

/** The parameters of a file that `encodeMnist` wrote, rounded as they are in it. */
export function decodeMnist(model: Uint8Array): Parameters {
  const floats = decodeFloats(model);
  const all = new Float64Array(parameterCount);
  for (const { name, length, offset } of parameterTensors) {
    const tensor = floats.get(name);
    assert(tensor?.length === length, `the file holds ${length} floats named ${name}`);
    all.set(tensor, offset);
  }
  return parametersOver(all);
}
