import { seededRandom } from "@kvring/models";
import { closedLoad } from "../load/closed.ts";
import type { Result } from "../report/summary.ts";
import { contest, type Effort } from "../system/contest.ts";
import type { Laboratory } from "../system/laboratory.ts";
import { slowRequest } from "../system/models.ts";
import { nearGateway } from "./hits.ts";
import type { Scenario } from "./scenario.ts";

/** Of every burst: so all shares of repeats take about as long, and the model's 15 ms each. */
const newQuestions = 60;
const lanes = 8;

/** Traffic that repeats itself, to a model of 15 ms, beside the same traffic computed every time. */
export const mixed: Scenario = async (laboratory, effort) => [
  ...(await repeating(0.5, laboratory, effort)),
  ...(await repeating(0.9, laboratory, effort)),
  ...(await repeating(0.99, laboratory, effort)),
];

let asked = 0x4000_0000;

async function repeating(share: number, laboratory: Laboratory, effort: Effort): Promise<Result[]> {
  const near = await nearGateway(laboratory);
  const fresh = Math.max(10, Math.round(newQuestions * effort.share));
  const addresses = [near.address];
  const uncached = {
    ...{ system: "kvring, no-store", pids: near.pids },
    burst: () => {
      const message = (): Uint8Array => slowRequest(asked++, "no-store");
      return closedLoad({ addresses, requests: fresh, lanes, message });
    },
  };
  const cached = {
    ...{ system: "kvring", pids: near.pids },
    burst: () => {
      const stream = questions(Math.round(fresh / (1 - share)), fresh, asked);
      asked += fresh;
      const message = (index: number): Uint8Array => slowRequest(stream[index] ?? 0);
      return closedLoad({ addresses, requests: stream.length, lanes, message });
    },
  };
  const fewer = { ...effort, rounds: Math.min(effort.rounds, 3) };
  const results = await contest(`repeats-${share * 100}`, fewer, [uncached, cached]);
  const ideal = 1 / (1 - share);
  return results.map((result) =>
    result.system === "kvring"
      ? {
          ...result,
          note: `${(result.ratio / ideal).toFixed(2)} of the ideal ${ideal.toFixed(0)}×`,
        }
      : result,
  );
}

/**
 * A stream of questions, `fresh` of them new and spread evenly, from `first` on. A repeat asks for
 * what was asked before by Zipf's law: the k-th oldest with a weight of 1 / k.
 */
export function questions(count: number, fresh: number, first: number): number[] {
  const random = seededRandom(first);
  const stream: number[] = [];
  let known = 0;
  for (let index = 0; index < count; index += 1) {
    if (known * count <= index * fresh) {
      stream.push(first + known);
      known += 1;
    } else {
      // Inverse of the logarithm that the sum of 1 / k is about.
      const rank = Math.floor((known + 1) ** random()) - 1;
      stream.push(first + Math.min(rank, known - 1));
    }
  }
  return stream;
}
