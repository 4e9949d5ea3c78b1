import { closedLoad, closedLoop } from "../load/closed.ts";
import { loadInProcess } from "../peers/in-process.ts";
import type { Result } from "../report/summary.ts";
import { type Contestant, contest } from "../system/contest.ts";
import { digitRequest, slowRequest } from "../system/models.ts";
import { nearGateway } from "./hits.ts";
import type { Scenario } from "./scenario.ts";

/** Questions that nobody asked before, to a model of 0.1 ms: what a miss costs. */
export const miss: Scenario = async (laboratory, effort) => {
  return await unseen("miss", laboratory, effort, {
    model: "mnist",
    requests: 1_000,
    message: digitRequest,
    lanes: [1, 16],
  });
};

/** The same to a model of 15 ms: what a cache takes from who never repeats himself. */
export const unique: Scenario = async (laboratory, effort) => {
  return await unseen("unique", laboratory, effort, {
    model: "slow",
    requests: 100,
    message: slowRequest,
    lanes: [1, 4],
  });
};

/** No question is asked twice, whatever the scenario. */
let asked = 1;

async function unseen(
  scenario: string,
  laboratory: Parameters<Scenario>[0],
  effort: Parameters<Scenario>[1],
  question: {
    readonly model: "mnist" | "slow";
    readonly requests: number;
    readonly message: (n: number) => Uint8Array;
    readonly lanes: readonly number[];
  },
): Promise<Result[]> {
  const { model, message, lanes } = question;
  const requests = Math.round(question.requests * effort.share);
  const near = await nearGateway(laboratory);
  const direct = await loadInProcess();
  const inProcess: Contestant = {
    ...{ system: "model in-process", pids: [] },
    burst: () => closedLoop({ requests, lanes: 1, ask: () => direct[model](asked++) }),
  };
  const through = (atOnce: number): Contestant => ({
    ...{ system: `kvring, ${atOnce} at a time`, pids: near.pids },
    burst: () =>
      closedLoad({
        ...{ addresses: [near.address], requests, lanes: atOnce },
        message: () => message(asked++),
      }),
  });
  try {
    const results = await contest(scenario, effort, [inProcess, ...lanes.map(through)]);
    return results.map((result) => withOverhead(result, results[0]));
  } finally {
    await direct.close();
  }
}

/** One at a time, what is added to the model's own time is ours. */
function withOverhead(result: Result, model: Result | undefined): Result {
  if (model === undefined || !result.system.endsWith("1 at a time")) return result;
  return { ...result, note: `adds ${(result.p50_ms - model.p50_ms).toFixed(2)} ms at the median` };
}
