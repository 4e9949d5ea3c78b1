import { describe, type KvringClient } from "@kvring/client";
import type { Tensor } from "@kvring/core";
import { type Digit, seededRandom, shuffled } from "@kvring/models";
import { encodeRequest } from "@kvring/wire";
import { AnswerBook } from "./answers.ts";
import { inLanes } from "./stream.ts";
import { zipf } from "./zipf.ts";

export interface DigitsRun {
  readonly book: AnswerBook;
  /** Share of answers whose highest score is the digit's label. */
  readonly accuracy: number;
  readonly distinct: number;
  /** Has some answers computed anew, past every cache, and compares them too. */
  recheck(): Promise<void>;
}

/** How popular the n-th digit is: 1 / n, as popularity on the web is said to be. */
const zipfExponent = 1;
const lanes = 16;
const recomputed = 50;

/** Streams digits with Zipf popularity through a gateway; every answer is checked. */
export async function runDigits(options: {
  readonly client: KvringClient;
  readonly digits: readonly Digit[];
  readonly requests: number;
  readonly seed: number;
  readonly onProgress: (done: number) => void;
}): Promise<DigitsRun> {
  const { client, digits, requests, seed, onProgress } = options;
  const random = seededRandom(seed);
  const order = shuffled(
    digits.map((_, index) => index),
    random,
  );
  const rank = zipf(digits.length, zipfExponent, random);
  const plan = Array.from({ length: requests }, () => order[rank()] ?? 0);
  const messages = digits.map((digit) => encodeRequest({ model: "mnist", inputs: [image(digit)] }));
  const book = new AnswerBook();
  let right = 0;
  let done = 0;
  await inLanes(requests, lanes, async (index) => {
    const item = plan[index] ?? 0;
    const message = messages[item] ?? new Uint8Array(0);
    const startMs = performance.now();
    const bytes = await client.inferRaw(message);
    const ms = performance.now() - startMs;
    const answer = describe(bytes);
    book.add(item, answer, ms);
    if (best(answer.outputs[0]) === digits[item]?.label) right += 1;
    done += 1;
    onProgress(done);
  });
  const asked = [...new Set(plan)];
  return {
    book,
    accuracy: requests === 0 ? 0 : right / requests,
    distinct: asked.length,
    recheck: () => recompute(client, digits, asked.slice(0, recomputed), book),
  };
}

async function recompute(
  client: KvringClient,
  digits: readonly Digit[],
  items: readonly number[],
  book: AnswerBook,
): Promise<void> {
  for (const item of items) {
    const digit = digits[item];
    if (digit === undefined) continue;
    const fresh = await client.infer({
      model: "mnist",
      inputs: [image(digit)],
      parameters: [{ name: "cache_control", kind: "string", value: "no-cache" }],
    });
    book.compare(item, fresh);
  }
}

/** As the model was trained: pixels / 255. */
function image({ pixels }: Digit): Tensor {
  const data = Buffer.alloc(pixels.length * 4);
  pixels.forEach((pixel, index) => {
    data.writeFloatLE(pixel / 255, index * 4);
  });
  return { name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data };
}

function best(scores: Tensor | undefined): number {
  if (scores === undefined) return -1;
  const view = new DataView(scores.data.buffer, scores.data.byteOffset, scores.data.byteLength);
  let at = 0;
  for (let index = 1; index * 4 < view.byteLength; index += 1) {
    if (view.getFloat32(index * 4, true) > view.getFloat32(at * 4, true)) at = index;
  }
  return at;
}
