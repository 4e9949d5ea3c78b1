import { AggregatorRegistry, collectDefaultMetrics, Registry } from "prom-client";

/** The metrics of one process. Services register theirs in `registry`, with prom-client. */
export interface Metrics {
  readonly registry: Registry;
  /** All of them in Prometheus' text format. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface MetricsOptions {
  /** Memory, CPU, event-loop lag, garbage collection, open files. Default true. */
  readonly process?: boolean;
}

/**
 * A registry of its own, so that several services, or tests, in one process do not meet in
 * prom-client's global one.
 */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  if (options.process ?? true) collectDefaultMetrics({ register: registry });
  return {
    registry,
    async render() {
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

/** Everything one process counts, as it travels to the process that tells of several. */
export type MetricsExport = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>;

/** What `mergeMetrics` takes. Every sample gets the label `process`. */
export function exportMetrics(registry: Registry, process: string): Promise<MetricsExport> {
  registry.setDefaultLabels({ process });
  return registry.getMetricsAsJSON();
}

/** The metrics of several processes in Prometheus' text format; none is summed up or left out. */
export async function mergeMetrics(
  exports: readonly MetricsExport[],
): Promise<{ readonly contentType: string; readonly text: string }> {
  // By their labels all are different, so that the sum of each is itself.
  const summed = exports.map((each) => each.map((metric) => ({ ...metric, aggregator: "sum" })));
  const merged = AggregatorRegistry.aggregate(summed);
  return { contentType: merged.contentType, text: await merged.metrics() };
}

/**
 * Buckets for what may take from an answer out of memory (50 µs) to a heavy model (10 s), in
 * seconds: 1, 2, 5 in each decade, which keeps a quantile within a factor of 2.5.
 */
export const latencyBucketsSeconds: readonly number[] = Object.freeze([
  0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2,
  5, 10,
]);
