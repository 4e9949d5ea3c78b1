import { Counter, type Registry } from "prom-client";
import type { Hedging } from "../hedging/hedging.ts";
import type { FailureDetector } from "./failure-detector.ts";

/** What a gateway does about nodes that are slow or gone. */
export function registerClusterMetrics(
  registry: Registry,
  {
    hedging,
    detector,
  }: {
    readonly hedging: Pick<Hedging, "counts">;
    readonly detector: Pick<FailureDetector, "evictions">;
  },
): void {
  new Counter({
    name: "kvring_gateway_hedges_total",
    help: "Reads of a slow owner that were asked of the next one too (sent), those that it answered first (won), and times that the budget did not allow one (withheld)",
    labelNames: ["outcome"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(hedging.counts)) this.inc({ outcome }, count);
    },
  });
  new Counter({
    name: "kvring_gateway_node_evictions_total",
    help: "Nodes that no gateway heard, and that this one took out of the ring",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(detector.evictions);
    },
  });
}
