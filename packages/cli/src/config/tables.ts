import { hostname } from "node:os";
import { limits } from "@kvring/core";
import { policyChoices } from "@kvring/store";
import { z } from "zod";
import type { Setting } from "./settings.ts";
import {
  bytes,
  bytesOrNone,
  count,
  durationMs,
  flag,
  listen,
  name,
  natsUrl,
  nodeId,
  text,
} from "./values.ts";

/** Every setting of every command, once; the commands pick theirs. */

function setting<T>(entry: Setting<T>): Setting<T> {
  return entry;
}

const MiB = 1024 * 1024;

/** A day is how long anything lives here, and timers run for 24 days at most. */
const upToADay = durationMs.pipe(
  z
    .number()
    .min(1, "a duration of at least 1ms")
    .max(limits.entryTtlMs, "a duration of at most 24h"),
);

export const common = {
  logLevel: setting({
    name: "log-level",
    value: z.enum(["debug", "info", "warn", "error"], "debug, info, warn or error"),
    fallback: "info",
    shows: "level",
    help: "what is logged, on stderr",
  }),
  insecure: setting({
    name: "insecure",
    value: flag,
    fallback: false,
    help: "allow listening beyond this machine without TLS",
  }),
  drainTimeout: setting({
    name: "drain-timeout",
    value: durationMs.pipe(
      z.number().min(3_000, "a duration of at least 3s").max(3_600_000, "a duration of at most 1h"),
    ),
    fallback: "10s",
    shows: "duration",
    help: "how long the process may take to leave before it is ended all the same",
  }),
};

export const http = setting({
  name: "http",
  value: listen,
  fallback: "127.0.0.1:8080",
  shows: "host:port",
  help: "where /metrics, /livez and /readyz are served (port 0: any free one)",
});

export const nats = setting({
  name: "nats",
  value: natsUrl,
  shows: "url",
  help: "NATS servers, comma separated",
});

/** Separate processes find each other through NATS, so they need it. */
export const requiredNats = setting({ ...nats, fallback: "nats://127.0.0.1:4222" });

/** Nodes and workers of one machine would fight over a fixed port. */
export const optionalHttp = setting({ ...http, fallback: "127.0.0.1:0" });

export function processName(kind: string) {
  return setting({
    name: "name",
    value: name,
    fallback: kind,
    shows: "name",
    help: "names the process in logs and reports",
  });
}

export const natsReplicas = setting({
  name: "nats-replicas",
  value: count(1, 5),
  fallback: 1,
  shows: "n",
  help: "copies that JetStream keeps of the log and the queue (3 in a cluster of 3)",
});

export const gateway = {
  listen: setting({
    name: "listen",
    value: listen,
    fallback: "127.0.0.1:8001",
    shows: "host:port",
    help: "where clients call Infer (port 0: any free one)",
  }),
  replicas: setting({
    name: "replicas",
    value: count(1, 8),
    fallback: 2,
    shows: "n",
    help: "nodes that hold a key",
  }),
  nearCache: setting({
    name: "near-cache",
    value: bytesOrNone,
    fallback: `${limits.nearCacheBytes / MiB}MiB`,
    shows: "size",
    help: "memory for hot entries in the gateway itself; 0 switches it off",
  }),
  entryTtl: setting({
    name: "entry-ttl",
    value: upToADay,
    fallback: "24h",
    shows: "duration",
    help: "life of an answer where neither request nor model says",
  }),
  keepExpired: setting({
    name: "keep-expired",
    value: durationMs.pipe(z.number().max(limits.entryTtlMs, "a duration of at most 24h")),
    fallback: "60s",
    shows: "duration",
    help: "how long an expired answer is kept for who says max-stale; 0 for not at all",
  }),
  requestTimeout: setting({
    name: "request-timeout",
    value: upToADay,
    fallback: "60s",
    shows: "duration",
    help: "patience with calls that come without a deadline",
  }),
  inFlight: setting({
    name: "in-flight",
    value: count(1, 1_000_000),
    fallback: limits.inFlightPerGateway,
    shows: "n",
    help: "requests under way at a time; more are refused",
  }),
  lease: setting({
    name: "lease",
    value: durationMs.pipe(
      z.number().min(100, "a duration of at least 100ms").max(600_000, "a duration of at most 10m"),
    ),
    fallback: "15s",
    shows: "duration",
    help: "how long an invalidation waits for a silent gateway; the log's first gateway decides",
  }),
  formerLease: setting({
    name: "former-lease",
    value: durationMs.pipe(z.number().max(600_000, "a duration of at most 10m")),
    fallback: "0",
    shows: "duration",
    help: "the --lease of gateways that may run still, where it was longer: say it when --lease is made shorter",
  }),
  clockDriftPpm: setting({
    name: "clock-drift-ppm",
    value: count(0, 200_000),
    fallback: 1_000,
    shows: "n",
    help: "by how much the rates of two clocks may differ, in millionths; decided likewise",
  }),
  leaseRenew: setting({
    name: "lease-renew",
    value: durationMs.pipe(
      z.number().min(10, "a duration of at least 10ms").max(60_000, "a duration of at most 1m"),
    ),
    fallback: "1s",
    shows: "duration",
    help: "how often the lease is renewed; at least five times in the time of --lease",
  }),
  leaseWait: setting({
    name: "lease-wait",
    value: durationMs.pipe(z.number().max(60_000, "a duration of at most 1m")),
    fallback: "2s",
    shows: "duration",
    help: "how long a request waits for a lease that lapsed, as after a pause of the process",
  }),
  hedgeLeast: setting({
    name: "hedge-least",
    value: upToADay,
    fallback: "5ms",
    shows: "duration",
    help: "no read is asked of the next owner sooner, however quick its owner usually is",
  }),
  hedgeMost: setting({
    name: "hedge-most",
    value: upToADay,
    fallback: "100ms",
    shows: "duration",
    help: "a read is asked of the next owner after this time at the latest; before, after the 95th percentile of its owner",
  }),
  hedgeShare: setting({
    name: "hedge-share",
    value: count(0, 100),
    fallback: 10,
    shows: "percent",
    help: "of all reads, how many may be asked of a second owner; 0 for none",
  }),
  stallAfter: setting({
    name: "stall-after",
    value: upToADay,
    fallback: "1s",
    shows: "duration",
    help: "an owner whose link brings nothing at all for so long is passed over",
  }),
  evictAfter: setting({
    name: "evict-after",
    value: durationMs.pipe(
      z.number().min(200, "a duration of at least 200ms").max(600_000, "a duration of at most 10m"),
    ),
    fallback: "2s",
    shows: "duration",
    help: "a node that no gateway has heard for so long is taken out of the ring",
  }),
  fastPaths: setting({
    name: "fast-paths",
    value: flag,
    fallback: true,
    shows: "bool",
    help: "false sends Infer all of its way through grpc-js, for comparison",
  }),
  serverName: setting({
    name: "server-name",
    value: text,
    fallback: "kvring",
    shows: "name",
    help: 'what ServerMetadata says; some clients insist on "triton"',
  }),
};

export const node = {
  capacity: setting({
    name: "capacity",
    value: bytes,
    fallback: `${limits.nodeBytes / MiB}MiB`,
    shows: "size",
    help: "memory of a node for entries",
  }),
  policy: setting({
    name: "policy",
    value: z.enum(policyChoices, policyChoices.join(", ")),
    fallback: "lru",
    shows: "name",
    help: `what goes first when a node is full: ${policyChoices.join(", ")}`,
  }),
  lfuAgeing: setting({
    name: "lfu-ageing",
    value: flag,
    fallback: false,
    help: "with --policy lfu: what was popular once is overtaken by what is popular now",
  }),
};

export const nodeProcess = {
  listen: setting({
    name: "listen",
    value: listen,
    fallback: "127.0.0.1:8101",
    shows: "host:port",
    help: "where gateways and workers reach this node",
  }),
  advertise: setting({
    name: "advertise",
    value: text,
    shows: "host:port",
    help: "how others reach it, where that is not the listen address",
  }),
  id: setting({
    name: "id",
    value: nodeId,
    fallback: `node-${hostname()}`.replaceAll(/[^A-Za-z0-9_-]/g, "-").slice(0, 64),
    shows: "name",
    help: "its place on the ring: keep it over restarts, never give it twice",
  }),
  zone: setting({
    name: "zone",
    value: name,
    fallback: "default",
    shows: "name",
    help: "owners of a key lie in different zones where there are several",
  }),
  replicas: setting({
    name: "replicas",
    value: count(1, 8),
    fallback: 2,
    shows: "n",
    help: "nodes that hold a key, as the gateways have it",
  }),
  handoverTimeout: setting({
    name: "handover-timeout",
    value: durationMs.pipe(z.number().max(3_600_000, "a duration of at most 1h")),
    fallback: "5s",
    shows: "duration",
    help: "how long entries are given to their new owners when the node leaves, 0 for not at all; at least 2s less than --drain-timeout",
  }),
  joinTimeout: setting({
    name: "join-timeout",
    value: upToADay,
    fallback: "60s",
    shows: "duration",
    help: "how long a node that joins is given what became its own; the rest is computed anew",
  }),
  handoverRate: setting({
    name: "handover-rate",
    value: bytes,
    fallback: "64MiB",
    shows: "size",
    help: "what is given to new owners in a second, so that requests do not wait for it",
  }),
  beat: setting({
    name: "beat",
    value: durationMs.pipe(
      z.number().min(50, "a duration of at least 50ms").max(60_000, "a duration of at most 1m"),
    ),
    fallback: "500ms",
    shows: "duration",
    help: "how often gateways are told that the node lives; several times in the time of their --evict-after",
  }),
  snapshot: setting({
    name: "snapshot",
    value: text,
    shows: "dir",
    help: "where entries are written when the node ends, and read when it starts (default: nowhere)",
  }),
  handoverEntries: setting({
    name: "handover-entries",
    value: count(0, 100_000_000),
    fallback: 1_000_000,
    shows: "n",
    help: "entries that are given at a change of the ring, the hottest first",
  }),
};

export const worker = {
  models: setting({
    name: "models",
    value: text,
    shows: "dir",
    help: "model repository: <dir>/<model>/<version>/model.onnx (default: the models of kvring)",
  }),
  processes: setting({
    name: "processes",
    value: count(1, 64),
    fallback: 1,
    shows: "n",
    help: "child processes that run ONNX sessions, and so inferences at a time",
  }),
  retireAfter: setting({
    name: "retire-after",
    value: durationMs.pipe(z.number().max(3_600_000, "a duration of at most 1h")),
    fallback: "10s",
    shows: "duration",
    help: "how long a model file that was replaced still answers who asked for it just before",
  }),
  jobSilence: setting({
    name: "job-silence",
    value: durationMs.pipe(
      z.number().min(500, "a duration of at least 500ms").max(60_000, "a duration of at most 1m"),
    ),
    fallback: "2s",
    shows: "duration",
    help: "a job whose worker was silent for so long is given to another; the same for all workers",
  }),
};

/** Of gateways and nodes, which use one core each. */
export const processes = setting({
  name: "processes",
  value: count(1, 64),
  fallback: 1,
  shows: "n",
  help: "processes to run it as; what is said of memory and of requests under way is for each",
});

export const nodes = setting({
  name: "nodes",
  value: count(1, 64),
  fallback: 3,
  shows: "n",
  help: "cache nodes in this process",
});
