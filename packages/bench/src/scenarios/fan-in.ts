import { closedLoad } from "../load/closed.ts";
import type { Result } from "../report/summary.ts";
import { type Contestant, contest } from "../system/contest.ts";
import { slowRequest } from "../system/models.ts";
import { farGateway, nearGateway } from "./hits.ts";
import type { Scenario } from "./scenario.ts";

const atOnce = 1_000;
let asked = 0x6000_0000;

/** A thousand clients ask the same new question at once, through one and through three gateways. */
export const fanIn: Scenario = async (laboratory, effort) => {
  const cluster = await laboratory.cluster();
  const gateways = await Promise.all([
    nearGateway(laboratory),
    farGateway(laboratory),
    laboratory.gateway("third gateway", "64MiB"),
  ]);
  let questions = 0;
  const computedBefore = await cluster.computations();
  const through = (count: number): Contestant => {
    const chosen = gateways.slice(0, count);
    const addresses = chosen.map(({ address }) => address);
    const gatewayPids = chosen.flatMap(({ pids }) => pids.slice(0, 1));
    return {
      system: count === 1 ? "kvring, 1 gateway" : `kvring, ${count} gateways`,
      pids: [...gatewayPids, ...cluster.pids],
      burst: () => {
        questions += 1;
        const message = slowRequest(asked++);
        const load = { addresses, requests: atOnce, lanes: atOnce, message: () => message };
        return closedLoad(load);
      },
    };
  };
  const results = await contest("fan-in", effort, [through(1), through(3)]);
  const computed = (await cluster.computations()) - computedBefore;
  const note = `${atOnce} at once; ${computed} computations for ${questions} questions`;
  return results.map((result): Result => ({ ...result, note }));
};
