import type { AdaptationReport, ClusterDescription } from "@kvring/wire";
import { Command } from "commander";
import { describeCluster } from "../cluster/describe.ts";
import { formatBytes, formatShare, table } from "../report/format.ts";
import { print, printJson } from "../report/output.ts";

export function statsCommand(): Command {
  return new Command("stats")
    .description(
      "What a gateway answered, from where, how full the nodes are, and which models are not served.",
    )
    .option("--target <host:port>", "a gateway", "127.0.0.1:8001")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Example:
  kvring stats --target 127.0.0.1:8001 --json`,
    )
    .action(async (flags: { readonly target: string; readonly json?: boolean }) => {
      const stats = readStats(await describeCluster(flags.target));
      if (flags.json) printJson(stats);
      else print(formatStats(stats));
    });
}

function readAdaptation(adaptation: AdaptationReport) {
  return {
    policy: adaptation.policy,
    switches: Number(adaptation.switches),
    sampled_share: adaptation.sampledShare,
    requests: Math.round(adaptation.requests),
    mean_cost_ms: adaptation.meanCostMs,
    points: adaptation.points.map(({ policy, capacityBytes, hitRatio, savedShare }) => ({
      ...{ policy, capacity_bytes: Number(capacityBytes) },
      ...{ hit_ratio: hitRatio, saved_share: savedShare },
    })),
  };
}

type Stats = ReturnType<typeof readStats>;

/** The description with numbers instead of the texts in which protobuf's 64 bits travel. */
function readStats(cluster: ClusterDescription) {
  const counts = cluster.answers ?? {};
  const answers = Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [snakeCase(name), Number(count)]),
  );
  const { requests = 0, hit_l1 = 0, hit_node = 0 } = answers;
  return {
    gateway: cluster.gatewayId,
    hit_ratio: requests === 0 ? 0 : (hit_l1 + hit_node) / requests,
    answers,
    ring_version: Number(cluster.ringVersion),
    queued_jobs: cluster.queuedJobs === undefined ? undefined : Number(cluster.queuedJobs),
    near_cache: {
      entries: Number(cluster.nearCacheEntries),
      used_bytes: Number(cluster.nearCacheUsedBytes),
      capacity_bytes: Number(cluster.nearCacheCapacityBytes),
    },
    models: cluster.models,
    refused: cluster.refused.map(({ workerId, model, version, reason }) => ({
      ...{ worker: workerId, model, version, reason },
    })),
    nodes: cluster.nodes.map((node) => ({
      id: node.nodeId,
      address: node.address,
      zone: node.zone,
      reachable: node.reachable,
      entries: Number(node.stats?.entries ?? 0),
      used_bytes: Number(node.stats?.usedBytes ?? 0),
      capacity_bytes: Number(node.stats?.capacityBytes ?? 0),
      hits: Number(node.stats?.hits ?? 0),
      misses: Number(node.stats?.misses ?? 0),
      evictions: Number(node.stats?.evictions ?? 0),
      policy: node.stats?.policy ?? "",
      ...(node.stats?.adaptation != null && { adaptation: readAdaptation(node.stats.adaptation) }),
    })),
  };
}

function formatStats(stats: Stats): string {
  const { requests = 0 } = stats.answers;
  const answers = Object.entries(stats.answers).map(([name, count]) => [
    name,
    String(count),
    formatShare(requests === 0 ? 0 : count / requests),
  ]);
  const nodes = stats.nodes.map((node) => [
    node.id,
    node.address,
    node.zone,
    node.adaptation === undefined ? node.policy : `${node.policy}: ${node.adaptation.policy}`,
    node.reachable ? "yes" : "no",
    String(node.entries),
    formatBytes(node.used_bytes),
    formatBytes(node.capacity_bytes),
    String(node.evictions),
  ]);
  const models = stats.models.map((model) => [
    model.model,
    model.version,
    model.digest.slice(0, 12),
    model.computable ? "yes" : "no",
  ]);
  const refused = stats.refused.map(({ worker, model, version, reason }) => {
    const what = version === "" ? model : `${model} version ${version}`;
    return `not served: ${what}: ${reason} (worker ${worker})`;
  });
  return [
    `gateway ${stats.gateway}, ring version ${stats.ring_version}`,
    table(["answers", "count", "share"], answers),
    table(
      ["node", "address", "zone", "policy", "up", "entries", "used", "capacity", "evicted"],
      nodes,
    ),
    table(["model", "version", "digest", "computable"], models),
    ...refused,
  ].join("\n");
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
