import type { Answer } from "@kvring/client";
import type { Parameter, Tensor } from "@kvring/core";
import { defaultBurn } from "@kvring/models";
import { encodeRequest } from "@kvring/wire";
import { generationKey, generationModel, numbers } from "./generation-worker.ts";

/** Something to ask, and how to tell whether the answer is one to it. */
export interface Question {
  readonly key: string;
  readonly scopes: readonly string[];
  /** A `ModelInferRequest`. */
  readonly message: Uint8Array;
  /** The generation of the answer, undefined where it has none; throws when it answers nothing. */
  read(answer: Answer): number | undefined;
}

/** `tag`: what may be invalidated. `padding`: numbers that make the answer larger, 4 bytes each. */
export function generationQuestion(
  index: number,
  { tag, padding = 0 }: { readonly tag?: string; readonly padding?: number } = {},
): Question {
  const parameters: Parameter[] =
    tag === undefined ? [] : [{ name: "cache_tags", kind: "string", value: tag }];
  return {
    key: generationKey(index),
    scopes: ["all", `model:${generationModel}`, ...(tag === undefined ? [] : [`tag:${tag}`])],
    message: encodeRequest({
      model: generationModel,
      parameters,
      inputs: [numbers("x", [index, padding])],
    }),
    read(answer) {
      const data = output(answer, "y");
      const [question, generation] = [data.readFloatLE(0), data.readFloatLE(4)];
      if (question !== index) throw new Error(`an answer to question ${question}`);
      return generation;
    },
  };
}

/** Computed by the workers of the cluster, at next to no cost. */
export function sumQuestion(index: number): Question {
  return {
    key: `sum ${index}`,
    scopes: ["all", "model:sum-difference"],
    message: encodeRequest({
      model: "sum-difference",
      inputs: [integers("a", index), integers("b", 3)],
    }),
    read(answer) {
      const sum = output(answer, "sum").readInt32LE(0);
      if (sum !== index + 3) throw new Error(`${index} + 3 = ${sum}`);
      return undefined;
    },
  };
}

/** Computed by the workers of the cluster, at tens of milliseconds of a core. */
export function burnQuestion(index: number): Question {
  const data = Buffer.alloc(defaultBurn.size * 4);
  for (let at = 0; at < data.length; at += 4) data.writeFloatLE(index, at);
  const x: Tensor = { name: "x", datatype: "FP32", shape: [1, defaultBurn.size], data };
  return {
    key: `burn ${index}`,
    scopes: ["all", "model:burn"],
    message: encodeRequest({ model: "burn", inputs: [x] }),
    read(answer) {
      const y = output(answer, "y").readFloatLE(0);
      // A mean of means: rounded many times.
      if (Math.abs(y - index) > 0.001 * Math.max(1, index)) throw new Error(`${index} became ${y}`);
      return undefined;
    },
  };
}

function output(answer: Answer, name: string): Buffer {
  const found = answer.outputs.find((tensor) => tensor.name === name);
  if (found === undefined) throw new Error(`the answer has no output "${name}"`);
  return Buffer.from(found.data);
}

function integers(name: string, value: number): Tensor {
  const data = Buffer.alloc(64);
  for (let at = 0; at < data.length; at += 4) data.writeInt32LE(value, at);
  return { name, datatype: "INT32", shape: [1, 16], data };
}
