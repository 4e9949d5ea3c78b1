import { collectDefaultMetrics, Registry } from "prom-client";

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

/**
 * Buckets for what may take from an answer out of memory (50 µs) to a heavy model (10 s), in
 * seconds: 1, 2, 5 in each decade, which keeps a quantile within a factor of 2.5.
 */
export const latencyBucketsSeconds: readonly number[] = Object.freeze([
  0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2,
  5, 10,
]);
