import type { Tensor } from "@kvring/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { groupOf, joinRows, splitRows, whyRowless } from "./rows.ts";

function tensor(name: string, shape: readonly number[], fill = 0): Tensor {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  return { name, datatype: "FP32", shape, data: new Uint8Array(count * 4).fill(fill) };
}

const spec = (name: string, shape: number[], datatype: "FP32" | "BYTES" = "FP32") => ({
  name,
  datatype,
  shape,
});

describe("a model has rows", () => {
  test("where the first dimension of everything is free", () => {
    const signature = { inputs: [spec("x", [-1, 4])], outputs: [spec("y", [-1])] };
    expect(whyRowless(signature)).toBeUndefined();
  });

  test.each([
    [[spec("x", [1, 4])], [spec("y", [-1])], 'the first dimension of "x" is not free'],
    [[spec("x", [-1, 4]), spec("rate", [])], [spec("y", [-1])], '"rate" is not free'],
    [[spec("x", [-1])], [spec("y", [3, -1])], '"y" is not free'],
    [[spec("x", [-1], "BYTES")], [spec("y", [-1])], '"x" holds strings'],
    [[], [spec("y", [-1])], "no input"],
  ])("and none otherwise", (inputs, outputs, why) => {
    expect(whyRowless({ inputs, outputs })).toContain(why);
  });
});

describe("jobs are of one group", () => {
  const group = (...inputs: Tensor[]) => groupOf(inputs, ["y"]);

  test("when all but the number of rows is equal, in whatever order the inputs come", () => {
    const one = group(tensor("a", [1, 4]), tensor("b", [1]));
    const two = group(tensor("b", [3]), tensor("a", [3, 4]));
    expect(one).toMatchObject({ rows: 1 });
    expect(two).toMatchObject({ rows: 3, name: one?.name });
  });

  test("and of another with other shapes or outputs", () => {
    const names = [
      group(tensor("a", [1, 4])),
      group(tensor("a", [1, 5])),
      groupOf([tensor("a", [1, 4])], ["z"]),
    ].map((each) => each?.name);
    expect(new Set(names).size).toBe(3);
  });

  test("and of none without rows, or with different numbers of them", () => {
    expect(group(tensor("a", [0, 4]))).toBeUndefined();
    expect(group(tensor("a", []))).toBeUndefined();
    expect(group(tensor("a", [1, 4]), tensor("b", [2]))).toBeUndefined();
  });
});

test("what is joined and split again is what each job had", () => {
  const jobs = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(jobs, (counts) => {
      const inputs = counts.map((rows, at) => [
        tensor("a", [rows, 3], at + 1),
        tensor("b", [rows], at + 100),
      ]);
      const joined = joinRows(inputs);
      const total = counts.reduce((sum, rows) => sum + rows, 0);
      expect(joined.map(({ shape }) => shape)).toEqual([[total, 3], [total]]);
      const parts = splitRows(joined, counts);
      const plain = (tensors: readonly Tensor[]) =>
        tensors.map((each) => ({ ...each, data: [...each.data] }));
      expect(parts.map(plain)).toEqual(inputs.map(plain));
    }),
  );
});

test("an output with another number of rows is not split", () => {
  expect(() => splitRows([tensor("y", [3, 2])], [1, 1])).toThrow('"y" has shape [3,2] for 2 rows');
});
