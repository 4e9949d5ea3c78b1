import { KvringError, type ModelSignature, type Tensor } from "@kvring/core";
import { describe, expect, test } from "vitest";
import type { Computation } from "../api.ts";
import { checkRows } from "./check.ts";

const signature: ModelSignature = {
  inputs: [{ name: "x", datatype: "FP32", shape: [-1, 4] }],
  outputs: [{ name: "y", datatype: "FP32", shape: [-1, 4] }],
};
const config = { maxSize: 8, maxDelayMs: 2, tolerance: 0 };

/** A model whose row number `row` of `rows` answers what `of` says to each of its elements. */
function model(of: (value: number, rows: readonly number[], count: number) => number, ms = 1) {
  return async ([x]: readonly Tensor[]): Promise<Computation> => {
    const count = x?.shape[0] ?? 0;
    const values = [...new Float32Array(new Uint8Array(x?.data ?? []).buffer)];
    const answers = Float32Array.from(values, (value) => of(value, values, count));
    const data = new Uint8Array(answers.buffer);
    const output: Tensor = { name: "y", datatype: "FP32", shape: [count, 4], data };
    return { outputs: [output], computeMs: ms, batchRows: 1 };
  };
}

function sizesOf(verdict: Awaited<ReturnType<typeof checkRows>>): readonly number[] {
  if (verdict.kind === "refused") return expect.unreachable(verdict.why);
  return [...verdict.sizes.keys()].toSorted((a, b) => a - b);
}

describe("a model is batched", () => {
  test("to every size in which its rows answer as they do alone", async () => {
    const verdict = await checkRows(
      signature,
      [],
      config,
      model((value) => value * 3),
    );
    expect(sizesOf(verdict)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("only to sizes that do not change a bit", async () => {
    const wide = model((value, _, count) => (count >= 6 ? value * 3.000_001 : value * 3));
    expect(sizesOf(await checkRows(signature, [], config, wide))).toEqual([1, 2, 3, 4, 5]);
  });

  test("to sizes that differ by no more than the tolerance, where one is set", async () => {
    const wide = model((value, _, count) => (count >= 6 ? value * 3.000_001 : value * 3));
    const tolerant = { ...config, tolerance: 1e-5 };
    expect(sizesOf(await checkRows(signature, [], tolerant, wide))).toHaveLength(8);
  });

  test("to the sizes that the check had time for, powers of two first", async () => {
    const slow = model((value) => value, 200);
    expect(sizesOf(await checkRows(signature, [], config, slow))).toEqual([1, 2, 4]);
  });
});

describe("a model is not batched", () => {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  let asked = 0;
  test.each([
    ["answer otherwise in company", model((value, all) => value - 2 * mean(all))],
    ["not answer the same twice", model((value) => value + asked++)],
    ["all generated rows alike", model(() => 7)],
    ["takes all the time", model((value) => value, 5_000)],
  ])("%s", async (why, run) => {
    const verdict = await checkRows(signature, [], config, run);
    expect(verdict).toMatchObject({ kind: "refused", why: expect.stringContaining(why) });
  });

  test("when it holds what makes rows depend on each other, without being run", async () => {
    const verdict = await checkRows(signature, ["DynamicQuantizeLinear"], config, () =>
      expect.unreachable(),
    );
    expect(verdict).toEqual({
      kind: "refused",
      why: "its rows share what DynamicQuantizeLinear finds",
    });
  });

  test("when it takes none of the generated inputs", async () => {
    const verdict = await checkRows(signature, [], config, async () => {
      throw new KvringError("MODEL_FAILED", "no such index");
    });
    expect(verdict).toMatchObject({ why: "it could not be tried: no such index" });
  });

  test("when it gives other rows than it was given", async () => {
    const verdict = await checkRows(signature, [], config, async (inputs) => {
      const { outputs, ...rest } = await model((value) => value)(inputs);
      const [y] = outputs;
      if (y === undefined) return expect.unreachable();
      return { outputs: [{ ...y, shape: [1, y.data.length / 4] }], ...rest };
    });
    expect(verdict).toMatchObject({ why: expect.stringContaining("for 2 rows") });
  });
});

test("what a model refuses is asked of it in another form", async () => {
  const tokens: ModelSignature = {
    inputs: [{ name: "ids", datatype: "INT64", shape: [-1, -1] }],
    outputs: [{ name: "y", datatype: "INT64", shape: [-1, -1] }],
  };
  const shapes = new Set<string>();
  const verdict = await checkRows(tokens, [], config, async ([ids]) => {
    if (ids === undefined) return expect.unreachable();
    shapes.add(String(ids.shape.slice(1)));
    const values = new BigInt64Array(new Uint8Array(ids.data).buffer);
    if (values.some((value) => value > 1n)) throw new KvringError("MODEL_FAILED", "out of range");
    return { outputs: [{ ...ids, name: "y" }], computeMs: 1, batchRows: 1 };
  });
  expect(sizesOf(verdict)).toHaveLength(8);
  expect([...shapes]).toEqual(["16"]);
});
