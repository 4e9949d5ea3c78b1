import { h2load } from "../load/h2load.ts";
import { median } from "../load/quantile.ts";
import { type Figure, type Result, type Round, summarize } from "../report/summary.ts";
import { Contestant } from "../store/contestant.ts";
import { digitRequest } from "../system/models.ts";
import { cpuMs } from "../system/usage.ts";
import { farGateway, prime } from "./hits.ts";
import type { Scenario } from "./scenario.ts";

const sizes = [1_000, 10_000, 100_000];
const valueBytes = 64;
const roundMs = 1_000;
const lookups = 20_000;
const [fixed, adaptive] = ["kvring, s3-fifo", "kvring, adaptive"] as const;

/**
 * What choosing the policy costs: the same requests, by Zipf's law over ten times as many keys as
 * there is room for, to a store with the policy that adaptation begins with and to an adaptive one;
 * and what it would be of all that a node does for a look-up, measured in the same rounds.
 */
export const adaptation: Scenario = async (laboratory, effort) => {
  const far = await farGateway(laboratory);
  const { nodePids } = await laboratory.cluster();
  await prime(far.address, digitRequest(0));
  const load = { address: far.address, message: digitRequest(0), clients: 4, streams: 16 };
  const requests = Math.round(lookups * effort.share);
  const lookupUs = async (): Promise<number> => {
    const before = cpuMs(nodePids);
    await h2load({ ...load, requests });
    return ((cpuMs(nodePids) - before) * 1_000) / requests;
  };
  await lookupUs();
  const results: (Result | Figure)[] = [];
  for (const entries of sizes) {
    results.push(...(await compare(entries, effort.rounds, roundMs * effort.share, lookupUs)));
  }
  return results;
};

async function compare(
  entries: number,
  rounds: number,
  forMs: number,
  lookupUs: () => Promise<number>,
): Promise<(Result | Figure)[]> {
  const contestants: Contestant[] = [];
  const measured = new Map<string, Round[]>();
  const lookupsUs: number[] = [];
  try {
    for (const system of [fixed, adaptive]) {
      const contestant = await Contestant.start(system, { entries, valueBytes });
      contestants.push(contestant);
      await contestant.tell({ do: "fill" });
      // Until the sample has its size, and the compiler has done its part.
      for (let warm = 0; warm < 2; warm += 1) await contestant.round("ask", roundMs);
      measured.set(system, []);
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const one of contestants) {
        measured.get(one.system)?.push(await one.round("ask", forMs));
      }
      lookupsUs.push(await lookupUs());
    }
  } finally {
    for (const contestant of contestants) await contestant.stop();
  }
  const scenario = `adaptation_${entries}`;
  const cpuUs = (system: string): number =>
    median(measured.get(system)?.map((round) => round.cpuUsPerRequest) ?? []);
  const extraUs = cpuUs(adaptive) - cpuUs(fixed);
  const lookup = median(lookupsUs);
  const figure = (name: string, value: number, unit: string): Figure => ({
    ...{ scenario: `${scenario}_${name}`, system: adaptive, value, unit },
  });
  return [
    ...summarize(scenario, measured, fixed),
    figure("extra", extraUs, "µs CPU/request"),
    figure("node_lookup", lookup, "µs CPU/request"),
    figure("node_share", (100 * extraUs) / (lookup + extraUs), "%"),
  ];
}
