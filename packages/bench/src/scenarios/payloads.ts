import { h2load } from "../load/h2load.ts";
import { startEcho } from "../peers/start.ts";
import type { Result } from "../report/summary.ts";
import { type Contestant, contest } from "../system/contest.ts";
import { identityRequest } from "../system/models.ts";
import type { System } from "../system/system.ts";
import { farGateway, nearGateway, prime } from "./hits.ts";
import type { Scenario } from "./scenario.ts";

const sizes = [
  { name: "64B", bytes: 64, requests: 8_000 },
  { name: "1KB", bytes: 1024, requests: 8_000 },
  { name: "16KB", bytes: 16 * 1024, requests: 4_000 },
  { name: "256KB", bytes: 256 * 1024, requests: 300 },
  { name: "4MB", bytes: 4 * 1024 * 1024, requests: 24 },
] as const;

/** As many bytes in as out, of each size, from near and from a node, beside a bare echo. */
export const payloads: Scenario = async (laboratory, effort) => {
  const near = await nearGateway(laboratory);
  const far = await farGateway(laboratory);
  const results: Result[] = [];
  for (const { name, bytes, requests } of sizes) {
    const message = identityRequest(bytes);
    const answerBytes = await prime(near.address, message);
    await prime(far.address, message);
    const echo = await startEcho(answerBytes);
    const count = Math.max(8, Math.round(requests * effort.share));
    const asking = ({ name: system, address, pids }: System): Contestant => ({
      ...{ system, pids },
      burst: () => h2load({ address, message, requests: count, clients: 2, streams: 4 }),
    });
    try {
      const fewer = { ...effort, rounds: Math.min(effort.rounds, 3) };
      results.push(...(await contest(`payload-${name}`, fewer, [echo, near, far].map(asking))));
    } finally {
      await echo.stop();
    }
  }
  return results;
};
