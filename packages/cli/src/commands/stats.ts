import { Command } from "commander";
import { describeCluster } from "../cluster/describe.ts";
import { formatBytes, formatShare, table } from "../report/format.ts";
import { print, printJson } from "../report/output.ts";

export function statsCommand(): Command {
  return new Command("stats")
    .description("What a gateway answered, from where, and how full the nodes are.")
    .option("--target <host:port>", "a gateway", "127.0.0.1:8001")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Example:
  kvring stats --target 127.0.0.1:8001 --json`,
    )
    .action(async (flags: { readonly target: string; readonly json?: boolean }) => {
      const cluster = await describeCluster(flags.target);
      const answers = cluster.answers ?? { requests: "0" };
      const counts = Object.entries(answers).map(([name, count]) => [name, Number(count)] as const);
      const requests = Number(answers.requests);
      const hits = counts
        .filter(([name]) => name === "hitL1" || name === "hitNode")
        .reduce((sum, [, count]) => sum + count, 0);
      const nodes = cluster.nodes.map((node) => ({
        id: node.nodeId,
        address: node.address,
        zone: node.zone,
        reachable: node.reachable,
        entries: Number(node.stats?.entries ?? 0),
        usedBytes: Number(node.stats?.usedBytes ?? 0),
        capacityBytes: Number(node.stats?.capacityBytes ?? 0),
        hits: Number(node.stats?.hits ?? 0),
        misses: Number(node.stats?.misses ?? 0),
        evictions: Number(node.stats?.evictions ?? 0),
      }));
      if (flags.json) {
        printJson({
          gateway: cluster.gatewayId,
          hit_ratio: requests === 0 ? 0 : hits / requests,
          answers: Object.fromEntries(counts.map(([name, count]) => [snakeCase(name), count])),
          ring_version: Number(cluster.ringVersion),
          near_cache: {
            entries: Number(cluster.nearCacheEntries),
            used_bytes: Number(cluster.nearCacheUsedBytes),
            capacity_bytes: Number(cluster.nearCacheCapacityBytes),
          },
          models: cluster.models,
          nodes: nodes.map((node) =>
            Object.fromEntries(Object.entries(node).map(([name, v]) => [snakeCase(name), v])),
          ),
        });
        return;
      }
      print(`gateway ${cluster.gatewayId}, ring version ${cluster.ringVersion}`);
      print(
        table(
          ["answers", "count", "share"],
          counts.map(([name, count]) => [
            snakeCase(name),
            String(count),
            formatShare(requests === 0 ? 0 : count / requests),
          ]),
        ),
      );
      print(
        table(
          ["node", "address", "zone", "up", "entries", "used", "capacity", "evicted"],
          nodes.map((node) => [
            node.id,
            node.address,
            node.zone,
            node.reachable ? "yes" : "no",
            String(node.entries),
            formatBytes(node.usedBytes),
            formatBytes(node.capacityBytes),
            String(node.evictions),
          ]),
        ),
      );
      print(
        table(
          ["model", "version", "digest", "computable"],
          cluster.models.map((model) => [
            model.model,
            model.version,
            model.digest.slice(0, 12),
            model.computable ? "yes" : "no",
          ]),
        ),
      );
    });
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
