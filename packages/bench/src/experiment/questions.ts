import { type Answer, describe, type KvringClient } from "@kvring/client";
import type { Tensor } from "@kvring/core";
import { type Digit, loadDigits } from "@kvring/models";
import { encodeRequest } from "@kvring/wire";

/** Digits as requests to one model, and what it answers each when nothing is remembered. */
export interface Questions {
  readonly model: string;
  readonly count: number;
  /** Encoded requests, as they are usual and with `no-store`. */
  readonly cached: readonly Uint8Array[];
  readonly uncached: readonly Uint8Array[];
  judge(item: number, answer: Uint8Array): Verdict;
}

export interface Verdict {
  /** The outputs are those of the uncached answer, bit for bit. */
  readonly isSame: boolean;
  /** The highest score is the label's. */
  readonly isRight: boolean;
  readonly isRightUncached: boolean;
  readonly layer: Layer;
}

/** Collapsed: somebody else's computation of the same was under way, and answered this one too. */
export type Layer = "hit" | "computed" | "collapsed";

const lanes = 8;

/** The first digits that the trainer did not see, each asked once past every cache. */
export async function prepareQuestions(
  client: KvringClient,
  model: string,
  count: number,
): Promise<Questions> {
  const digits = loadDigits().test.slice(0, count);
  const encode = (digit: Digit, cacheControl?: string): Uint8Array => {
    const control = { name: "cache_control", kind: "string", value: cacheControl ?? "" } as const;
    const parameters = cacheControl === undefined ? [] : [control];
    return encodeRequest({ model, inputs: [image(digit)], parameters });
  };
  const uncached = digits.map((digit) => encode(digit, "no-store"));
  const references: Answer[] = [];
  await inLanes(count, lanes, async (item) => {
    references[item] = describe(await client.inferRaw(uncached[item] ?? new Uint8Array(0)));
  });
  const isRight = (item: number, answer: Answer | undefined): boolean =>
    best(answer?.outputs[0]) === digits[item]?.label;
  return {
    ...{ model, count, uncached },
    cached: digits.map((digit) => encode(digit)),
    judge(item, bytes) {
      const answer = describe(bytes);
      const reference = references[item];
      return {
        isSame: reference !== undefined && outputsOf(answer).equals(outputsOf(reference)),
        isRight: isRight(item, answer),
        isRightUncached: isRight(item, reference),
        layer: layerOf(answer.cacheStatus),
      };
    },
  };
}

/** Runs pieces of work in the order of their index, `atOnce` at a time. */
export async function inLanes(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

function layerOf(cacheStatus: string): Layer {
  if (cacheStatus.includes("hit")) return "hit";
  return cacheStatus.includes("collapsed") ? "collapsed" : "computed";
}

/** As the model was trained: pixels / 255. */
function image({ pixels }: Digit): Tensor {
  const floats = Float32Array.from(pixels, (pixel) => pixel / 255);
  return {
    ...{ name: "image", datatype: "FP32", shape: [1, 1, 28, 28] },
    data: Buffer.from(floats.buffer),
  };
}

function outputsOf(answer: Answer): Buffer {
  return Buffer.concat(answer.outputs.map(({ data }) => data));
}

function best(scores: Tensor | undefined): number {
  if (scores === undefined) return -1;
  // Copied: a view of the message need not begin at a multiple of four bytes.
  const values = new Float32Array(new Uint8Array(scores.data).buffer);
  return values.indexOf(Math.max(...values));
}
