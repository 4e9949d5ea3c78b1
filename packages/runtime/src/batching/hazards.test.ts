import { expect, test } from "vitest";
import { parseOnnx } from "../onnx-file.ts";
import { gatherModel, model, node, types, value } from "../testing/onnx.ts";
import { hazardsOf } from "./hazards.ts";

test("operators that let rows depend on each other are found, in subgraphs too", () => {
  const float = (name: string) => value(name, types.float, ["n"]);
  const quantize = node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"]);
  const draw = node("RandomNormalLike", ["x"], ["noise"]);
  const body = { name: "body", node: [draw], output: [float("noise")] };
  const bytes = model({
    input: [float("x")],
    output: [float("y")],
    node: [quantize, node("Loop", ["times", "", "x"], ["y"], body)],
  });
  expect(hazardsOf(parseOnnx(bytes).model)).toEqual(["DynamicQuantizeLinear", "RandomNormalLike"]);
});

test("most models have none", () => {
  expect(hazardsOf(parseOnnx(gatherModel()).model)).toEqual([]);
});
