import { bytesPerElement, type Datatype, encodeStrings } from "@kvring/core";
import fc from "fast-check";
import { Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { fromOrt, toOrt } from "./tensors.ts";

const numeric = [
  "BOOL",
  "UINT8",
  "UINT16",
  "UINT32",
  "UINT64",
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "FP16",
  "FP32",
  "FP64",
] as const satisfies readonly Datatype[];

describe("tensors on their way to ONNX Runtime and back", () => {
  test("keep every bit, wherever their bytes lie in memory", () => {
    const start = fc.nat(7);
    fc.assert(
      fc.property(
        fc.constantFrom(...numeric),
        fc.nat(9),
        start,
        fc.infiniteStream(fc.nat(255)),
        (datatype, count, offset, bytes) => {
          const sizeBytes = count * bytesPerElement(datatype);
          const data = new Uint8Array(offset + sizeBytes).map(() => bytes.next().value ?? 0);
          const tensor = { name: "x", datatype, shape: [count], data: data.subarray(offset) };
          const back = fromOrt("x", toOrt(tensor));
          expect({ ...back, data: [...back.data] }).toEqual({ ...tensor, data: [...tensor.data] });
        },
      ),
    );
  });

  test("strings, none, empty and beyond the basic plane", () => {
    for (const strings of [[], ["", "ü", "𝄞\ufeff"]]) {
      const data = encodeStrings(strings);
      const tensor = { name: "x", datatype: "BYTES" as const, shape: [strings.length], data };
      expect(Buffer.from(fromOrt("x", toOrt(tensor)).data)).toEqual(Buffer.from(data));
    }
  });

  test("an output that no answer can carry is the model's failure", () => {
    const int4 = new OrtTensor("int4", new Uint8Array(1), [2]);
    expect(() => fromOrt("y", int4)).toThrow('output "y" is of type int4');
    expect(() => fromOrt("y", undefined)).toThrow('output "y" is no tensor');
    const lying = new OrtTensor("float32", new Float32Array(2), [2]);
    Object.defineProperty(lying, "dims", { value: [3] });
    expect(() => fromOrt("y", lying)).toThrow("needs 12 bytes, got 8");
  });
});
