import { type Processes, type ServerProcess, startProcesses } from "@kvring/cli/testing";
import { closedLoad } from "../load/closed.ts";
import type { Result } from "../report/summary.ts";
import { type Contestant, contest, type Effort } from "../system/contest.ts";
import type { Laboratory } from "../system/laboratory.ts";
import { digitRequest } from "../system/models.ts";
import type { Scenario } from "./scenario.ts";

const requests = 8_000;
const lanes = 64;
/** To all gateways together: with one, `--processes` would have only one of them at work. */
const connections = 8;
/** So that every node owns some. */
const questions = 512;
const hitsOfNodes = ["--near-cache", "0"];

/** Hits of nodes with more and more nodes, gateways, and processes of a gateway. */
export const scale: Scenario = async (laboratory, effort) => [
  ...(await byNodes(laboratory, effort)),
  ...(await byGateways(laboratory, effort)),
  ...(await byProcesses(laboratory, effort)),
];

async function byNodes(laboratory: Laboratory, effort: Effort): Promise<Result[]> {
  const clusters: Processes[] = [];
  try {
    const asked: Contestant[] = [];
    for (const nodes of [1, 2, 4, 8]) {
      const cluster = await start(laboratory, { nodes, gateways: 1 });
      clusters.push(cluster);
      asked.push(asking(`kvring, ${named(nodes, "node")}`, cluster.gateways, cluster, effort));
    }
    return await contest("scale-nodes", effort, asked);
  } finally {
    for (const cluster of clusters) await cluster.stop();
  }
}

async function byGateways(laboratory: Laboratory, effort: Effort): Promise<Result[]> {
  const cluster = await start(laboratory, { nodes: 2, gateways: 3 });
  try {
    const asked = [1, 2, 3].map((count) => {
      const gateways = cluster.gateways.slice(0, count);
      return asking(`kvring, ${named(count, "gateway")}`, gateways, cluster, effort);
    });
    return await contest("scale-gateways", effort, asked);
  } finally {
    await cluster.stop();
  }
}

async function byProcesses(laboratory: Laboratory, effort: Effort): Promise<Result[]> {
  const cluster = await start(laboratory, { nodes: 2, gateways: 0 });
  try {
    const asked: Contestant[] = [];
    for (const count of [1, 2, 4]) {
      const gateway = await cluster.start(
        ...["gateway", "--name", `of-${count}`, "--listen", "127.0.0.1:0", ...hitsOfNodes],
        ...["--processes", String(count)],
      );
      asked.push(
        asking(`kvring, gateway of ${named(count, "process")}`, [gateway], cluster, effort),
      );
    }
    return await contest("scale-processes", effort, asked);
  } finally {
    await cluster.stop();
  }
}

async function start(
  laboratory: Laboratory,
  counts: { readonly nodes: number; readonly gateways: number },
): Promise<Processes> {
  const models = await laboratory.models();
  return startProcesses({
    ...{ ...counts, workers: 1, models, gatewayFlags: hitsOfNodes, logLevel: "error" },
  });
}

function asking(
  system: string,
  gateways: readonly ServerProcess[],
  { nats, nodes, workers }: Processes,
  { share }: Effort,
): Contestant {
  const each = Math.round(connections / gateways.length);
  const addresses = gateways.flatMap(({ addresses: at }) =>
    Array.from({ length: each }, () => at["grpc"] ?? ""),
  );
  const message = (index: number): Uint8Array => digitRequest(index % questions);
  const burst = (count: number) => closedLoad({ addresses, requests: count, lanes, message });
  return {
    system,
    pids: [nats, ...nodes, ...workers, ...gateways].map(({ pid }) => pid),
    burst: () => burst(Math.max(2 * questions, Math.round(requests * share))),
    // The first pass computes.
    warmUp: () => burst(8 * questions),
  };
}

function named(count: number, what: string): string {
  if (count === 1) return `1 ${what}`;
  return `${count} ${what}${what.endsWith("s") ? "es" : "s"}`;
}
