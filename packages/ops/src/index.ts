export type { Check } from "./checks.ts";
export { type HttpPort, type HttpPortOptions, serveHttp } from "./http-port.ts";
export { keepTrying } from "./keep-trying.ts";
export { createLog, type LogLevel, type LogOptions, logLevels, type ProcessLog } from "./log.ts";
export {
  createMetrics,
  exportMetrics,
  latencyBucketsSeconds,
  type Metrics,
  type MetricsExport,
  type MetricsOptions,
  mergeMetrics,
} from "./metrics.ts";
export { onShutdown, type ShutdownOptions } from "./shutdown.ts";
