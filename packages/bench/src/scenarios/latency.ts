import { openLoad } from "../load/open.ts";
import { startEcho, startRedisPeer } from "../peers/start.ts";
import { type Contestant, contest } from "../system/contest.ts";
import { digitRequest } from "../system/models.ts";
import type { System } from "../system/system.ts";
import { farGateway, nearGateway, prime } from "./hits.ts";
import type { Scenario } from "./scenario.ts";

const perSecond = 1_000;
const seconds = 2;

/** Hits that come at a fixed rate, whether or not earlier ones were answered. */
export const latency: Scenario = async (laboratory, effort) => {
  const near = await nearGateway(laboratory);
  const far = await farGateway(laboratory);
  const message = digitRequest(0);
  const bytes = await prime(near.address, message);
  await prime(far.address, message);
  const echo = await laboratory.system("echo", () => startEcho(bytes));
  const redis = await laboratory.system("redis", () => startRedisPeer(bytes));
  const asking = ({ name: system, address, pids }: System): Contestant => ({
    ...{ system, pids },
    burst: () =>
      openLoad({ address, perSecond, seconds: seconds * effort.share, message: () => message }),
  });
  const results = await contest("latency", effort, [echo, redis, near, far].map(asking));
  return results.map((result) => ({ ...result, note: `open loop, ${perSecond} per second` }));
};
