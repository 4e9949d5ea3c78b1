import type { KvringClient } from "@kvring/client";
import type { Tensor } from "@kvring/core";
import { defaultBurn, seededRandom } from "@kvring/models";
import { AnswerBook } from "./answers.ts";

const questions = 12;
/** The first is computed, the second comes from a node, the others from near. */
const rounds = 6;

/** A model that costs as much as a real one: each question is asked several times, one by one. */
export async function runBurn(client: KvringClient, seed: number): Promise<AnswerBook> {
  const random = seededRandom(seed);
  const inputs = Array.from({ length: questions }, () => vector(random));
  const book = new AnswerBook();
  for (let round = 0; round < rounds; round += 1) {
    for (const [item, input] of inputs.entries()) {
      const startMs = performance.now();
      const answer = await client.infer({ model: "burn", inputs: [input] });
      book.add(item, answer, performance.now() - startMs);
    }
  }
  return book;
}

function vector(random: () => number): Tensor {
  const data = Buffer.alloc(defaultBurn.size * 4);
  for (let at = 0; at < data.length; at += 4) data.writeFloatLE(random(), at);
  return { name: "x", datatype: "FP32", shape: [1, defaultBurn.size], data };
}
