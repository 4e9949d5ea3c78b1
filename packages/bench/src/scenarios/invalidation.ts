import { startProcesses } from "@kvring/cli/testing";
import { KvringClient } from "@kvring/client";
import { closedLoop } from "../load/closed.ts";
import { median } from "../load/quantile.ts";
import type { Figure } from "../report/summary.ts";
import type { Scenario } from "./scenario.ts";

const members = { gateways: 3, nodes: 3, workers: 1 };
const invalidations = 400;

/** How long it takes until three live gateways have promised to give nothing old, one after another. */
export const invalidation: Scenario = async (laboratory, effort) => {
  const models = await laboratory.models();
  const cluster = await startProcesses({ ...members, models, logLevel: "error" });
  const clients = cluster.gateways.map(
    ({ addresses }) => new KvringClient(addresses["grpc"] ?? ""),
  );
  try {
    const requests = Math.round(invalidations * effort.share);
    const burst = () =>
      closedLoop({
        ...{ requests, lanes: 1 },
        ask: async (index) =>
          await clients[index % clients.length]?.invalidate({
            kind: "tag",
            tenant: "",
            tag: `t${index % 50}`,
          }),
      });
    await burst();
    const rounds = [];
    for (let round = 0; round < effort.rounds; round += 1) rounds.push(await burst());
    const figure = (name: string, value: number): Figure => ({
      ...{ scenario: `invalidation_${name}`, system: "kvring, 3 gateways", value, unit: "ms" },
    });
    return [
      figure("p50", median(rounds.map(({ p50Ms }) => p50Ms))),
      figure("p99", median(rounds.map(({ p99Ms }) => p99Ms))),
    ];
  } finally {
    for (const client of clients) client.close();
    await cluster.stop();
  }
};
