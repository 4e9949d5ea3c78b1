import { describe, expect, test } from "vitest";
import { externalFiles } from "./external-data.ts";
import { parseOnnx } from "./onnx-file.ts";
import { externalFloats, externalModel, model, node, types, value } from "./testing/onnx.ts";

const output = [value("y", types.float, [2])];

function filesOf(bytes: Uint8Array) {
  return [...externalFiles(parseOnnx(bytes).model)];
}

describe("the files of a model's external data", () => {
  test("each with the bytes that its tensors need", () => {
    const tensor = externalFloats("w", [2, 3], "weights.bin");
    const behind = externalFloats("v", [1], "weights.bin", { offset: "100", length: "4" });
    const other = externalFloats("u", [1], "deep/er.bin");
    expect(filesOf(model({ output, initializer: [tensor, behind, other] }))).toEqual([
      ["weights.bin", 104],
      ["deep/er.bin", 4],
    ]);
  });

  test("a claimed length does not make a tensor smaller", () => {
    const tensor = externalFloats("w", [4], "w.bin", { length: "1" });
    expect(filesOf(model({ output, initializer: [tensor] }))).toEqual([["w.bin", 16]]);
  });

  test("in a branch of a branch", () => {
    const inner = { name: "inner", initializer: [externalFloats("w", [1], "inner.bin")] };
    const outer = { name: "outer", node: [node("If", ["c"], ["z"], inner)] };
    expect(filesOf(model({ output, node: [node("If", ["c"], ["y"], outer)] }))).toEqual([
      ["inner.bin", 4],
    ]);
  });

  test("graphs nested without end are refused", () => {
    let graph = { name: "leaf", node: [node("Identity", ["x"], ["y"])] };
    for (let depth = 0; depth < 70; depth++) {
      graph = { name: "branch", node: [node("If", ["c"], ["y"], graph)] };
    }
    expect(() => filesOf(model({ output, ...graph }))).toThrow("is not an ONNX file");
  });

  test.each([
    "",
    "/etc/passwd",
    "../other/weights.bin",
    "deep/../../weights.bin",
    "..",
    "deep//weights.bin",
    "deep\\weights.bin",
    "weights\0.bin",
  ])("the location %j is refused", (location) => {
    expect(() => filesOf(externalModel(location))).toThrow('keeps the data of tensor "w" at');
  });

  test.each(["-4", "1.5", "many", "1e300"])("the offset %s is refused", (offset) => {
    const tensor = externalFloats("w", [1], "w.bin", { offset });
    expect(() => filesOf(model({ output, initializer: [tensor] }))).toThrow("an offset or length");
  });
});
