import { KvringError } from "@kvring/core";
import { compileRing, evenSample, movement } from "@kvring/ring";
import { Command } from "commander";
import { describeCluster } from "../cluster/describe.ts";
import { formatShare, table } from "../report/format.ts";
import { print, printJson } from "../report/output.ts";

interface RingFlags {
  readonly target: string;
  readonly key?: string;
  readonly json?: boolean;
}

export function ringCommand(): Command {
  return new Command("ring")
    .description(
      "Which nodes the ring has, in which state, by which version of it they go, and who owns a key.",
    )
    .option("--target <host:port>", "a gateway", "127.0.0.1:8001")
    .option("--key <hex>", "a request key (64 hex digits, see cache_debug): who owns it")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Example:
  kvring ring --key 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`,
    )
    .action(showRing);
}

async function showRing(flags: RingFlags): Promise<void> {
  const cluster = await describeCluster(flags.target);
  // Who drains owns nothing any more.
  const staying = cluster.nodes.filter(({ state }) => state !== "draining");
  const members = (staying.length > 0 ? staying : cluster.nodes).map(
    ({ nodeId, address, zone }) => ({ id: nodeId, address, zone }),
  );
  const version = Number(cluster.ringVersion);
  const ring = compileRing({ version, members });
  const owners =
    flags.key === undefined
      ? undefined
      : ring.owners(readKey(flags.key), cluster.replicas).map(({ id }) => id);
  const grown = compileRing({
    version: version + 1,
    members: [
      ...members,
      { id: "one-more", address: "127.0.0.1:1", zone: members[0]?.zone ?? "default" },
    ],
  });
  const moved =
    members.length === 0 ? 1 : movement(ring, grown, evenSample(100_000), 1).primariesMoved;
  if (flags.json) {
    printJson({
      version,
      replicas: cluster.replicas,
      nodes: cluster.nodes.map((node) => ({
        id: node.nodeId,
        address: node.address,
        zone: node.zone,
        state: node.state,
        ring_version: Number(node.stats?.ringVersion ?? 0),
        reachable: node.reachable,
        primary_share: node.primaryShare,
      })),
      moved_by_one_more: moved,
      ...(owners !== undefined && { key: flags.key, owners }),
    });
    return;
  }
  const there = `${members.length} ${members.length === 1 ? "node" : "nodes"}`;
  const few = members.length < cluster.replicas ? `, of which ${there} can hold copies` : "";
  print(`ring version ${version}, ${cluster.replicas} replicas${few}`);
  print(
    table(
      ["node", "address", "zone", "state", "up", "ring", "primary for"],
      cluster.nodes.map((node) => [
        node.nodeId,
        node.address,
        node.zone,
        node.state,
        node.reachable ? "yes" : "no",
        node.stats?.ringVersion ?? "?",
        formatShare(node.primaryShare),
      ]),
    ),
  );
  print(`one more node would become the primary of ${formatShare(moved)} of the keys`);
  if (owners !== undefined) print(`owners of ${flags.key}: ${owners.join(", ")}`);
}

function readKey(hex: string): Uint8Array {
  if (/^[0-9a-f]{64}$/i.test(hex)) return Buffer.from(hex, "hex");
  throw new KvringError("BAD_CONFIG", `--key is "${hex}", but must be 64 hex digits`);
}
