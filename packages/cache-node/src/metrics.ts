import { Counter, Gauge, type Registry } from "prom-client";
import type { NodeStats } from "./stats.ts";

/** The node's own numbers, read when they are asked for. Several nodes may share a registry. */
const gauges = {
  kvring_node_capacity_bytes: ["Memory for entries", (stats: NodeStats) => stats.capacityBytes],
  kvring_node_used_bytes: ["Memory of entries in use", (stats: NodeStats) => stats.usedBytes],
  kvring_node_entries: ["Entries held", (stats: NodeStats) => stats.entries],
  kvring_node_sessions: ["Gateways and workers connected", (stats: NodeStats) => stats.sessions],
  kvring_node_ring_version: ["The ring the node knows", (stats: NodeStats) => stats.ringVersion],
  kvring_node_open_tokens: ["Computations under way", (stats: NodeStats) => stats.openTokens],
  kvring_node_staged_bytes: [
    "Inputs that wait for their worker",
    (stats: NodeStats) => stats.stagedBytes,
  ],
} as const;

const counters = {
  kvring_node_hits_total: ["Lookups answered from memory", (stats: NodeStats) => stats.hits],
  kvring_node_misses_total: ["Lookups that found nothing", (stats: NodeStats) => stats.misses],
  kvring_node_grants_total: ["Fill tokens given", (stats: NodeStats) => stats.grants],
  kvring_node_waits_total: ["Lookups that joined a computation", (stats: NodeStats) => stats.waits],
  kvring_node_puts_total: ["Entries stored", (stats: NodeStats) => stats.puts],
  kvring_node_evictions_total: ["Entries pushed out", (stats: NodeStats) => stats.evictions],
  kvring_node_expirations_total: ["Entries whose time was over", (s: NodeStats) => s.expirations],
  kvring_node_refusals_total: ["Operations refused", (stats: NodeStats) => stats.refusals],
} as const;

const sources = new WeakMap<Registry, Map<string, () => NodeStats>>();

export function registerNodeMetrics(
  registry: Registry,
  node: string,
  stats: () => NodeStats,
): void {
  const known = sources.get(registry);
  if (known !== undefined) {
    known.set(node, stats);
    return;
  }
  const nodes = new Map([[node, stats]]);
  sources.set(registry, nodes);
  for (const [name, [help, read]] of Object.entries(gauges)) {
    new Gauge({
      name,
      help,
      labelNames: ["node"],
      registers: [registry],
      collect() {
        for (const [id, statsOf] of nodes) this.set({ node: id }, read(statsOf()));
      },
    });
  }
  registerAdaptation(registry, nodes);
  for (const [name, [help, read]] of Object.entries(counters)) {
    new Counter({
      name,
      help,
      labelNames: ["node"],
      registers: [registry],
      collect() {
        this.reset();
        for (const [id, statsOf] of nodes) this.inc({ node: id }, read(statsOf()));
      },
    });
  }
}

/** Of nodes whose policy is adaptive. */
function registerAdaptation(registry: Registry, nodes: ReadonlyMap<string, () => NodeStats>): void {
  new Gauge({
    name: "kvring_node_policy",
    help: "1 for the eviction policy that governs an adaptive node",
    labelNames: ["node", "policy"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [node, statsOf] of nodes) {
        const { adaptation } = statsOf();
        if (adaptation !== undefined) this.set({ node, policy: adaptation.policy }, 1);
      }
    },
  });
  new Counter({
    name: "kvring_node_policy_switches_total",
    help: "Changes of the policy that governs an adaptive node",
    labelNames: ["node"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [node, statsOf] of nodes) {
        const { adaptation } = statsOf();
        if (adaptation !== undefined) this.inc({ node }, adaptation.switches);
      }
    },
  });
  new Gauge({
    name: "kvring_node_expected_hit_ratio",
    help: "What ghosts say of the policy that governs, with so many times the node's capacity",
    labelNames: ["node", "times"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [node, statsOf] of nodes) {
        const { adaptation, capacityBytes } = statsOf();
        for (const { policy, capacityBytes: size, hitRatio } of adaptation?.points ?? []) {
          if (policy !== adaptation?.policy) continue;
          this.set(
            { node, times: String(Math.round((100 * size) / capacityBytes) / 100) },
            hitRatio,
          );
        }
      }
    },
  });
}
