import { Counter, Histogram, type Registry } from "prom-client";
import type { Given } from "./handover.ts";

/** What a node gave away when the ring changed. */
export interface HandoverMetrics {
  /** One handover ended, complete or broken off. */
  given(what: Given, tookMs: number): void;
}

interface Series {
  readonly entries: Counter;
  readonly bytes: Counter;
  readonly refused: Counter;
  readonly seconds: Histogram;
}

const registered = new WeakMap<Registry, Series>();

/** Several nodes may share a registry. */
export function handoverMetrics(registry: Registry, node: string): HandoverMetrics {
  const series = registered.get(registry) ?? register(registry);
  registered.set(registry, series);
  const { entries, bytes, refused, seconds } = series;
  for (const counter of [entries, bytes, refused]) counter.inc({ node }, 0);
  return {
    given(what, tookMs) {
      entries.inc({ node }, what.entries);
      bytes.inc({ node }, what.bytes);
      refused.inc({ node }, what.refused);
      seconds.observe({ node }, tookMs / 1_000);
    },
  };
}

function register(registry: Registry): Series {
  const common = { labelNames: ["node"], registers: [registry] };
  return {
    entries: new Counter({
      ...common,
      name: "kvring_node_handover_entries_total",
      help: "Entries given to their new owners",
    }),
    bytes: new Counter({
      ...common,
      name: "kvring_node_handover_bytes_total",
      help: "Their bytes",
    }),
    refused: new Counter({
      ...common,
      name: "kvring_node_handover_refused_total",
      help: "Those that were not taken: known there already, or without room",
    }),
    seconds: new Histogram({
      ...common,
      name: "kvring_node_handover_seconds",
      help: "What one handover took",
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300],
    }),
  };
}
