import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { Bus } from "@kvring/bus";
import { type Clock, type Log, limits, newIncarnation } from "@kvring/core";
import { type Check, keepTrying, type Metrics } from "@kvring/ops";
import {
  bindServer,
  hasten,
  LargeBuffers,
  loadServices,
  serverMessageBytes,
  serverOptions,
  type UnaryHandler,
} from "@kvring/wire";
import { NearCache } from "./cache/near-cache.ts";
import { ModelCatalog } from "./catalog/model-catalog.ts";
import { registerClusterMetrics } from "./cluster/cluster-metrics.ts";
import { FailureDetector } from "./cluster/failure-detector.ts";
import { NodeDirectory } from "./cluster/node-directory.ts";
import { Coherence } from "./coherence/coherence.ts";
import { Hedging } from "./hedging/hedging.ts";
import { DirectDesk } from "./inference/direct-desk.ts";
import { InferencePath } from "./inference/inference-path.ts";
import { JobPublisher } from "./inference/job-publisher.ts";
import { GatewayMetrics } from "./metrics.ts";
import type { GatewayOptions } from "./options.ts";
import { MissAdmission } from "./overload/miss-admission.ts";
import { clusterHandlers } from "./services/cluster.ts";
import { inferHandler } from "./services/infer.ts";
import { invalidateHandler } from "./services/invalidate.ts";
import { metadataHandlers } from "./services/open-inference.ts";
import { rawMethod } from "./services/raw-method.ts";

const version = "0.1.0";

/** Kept for large requests and answers to come. */
const idleMemoryBytes = limits.messageBytes;

/** A running gateway. */
export interface Gateway {
  /** Name and incarnation: two processes never share it, a restarted one has another. */
  readonly id: string;
  readonly port: number;
  readonly metrics: GatewayMetrics;
  readonly nodes: NodeDirectory;
  /** Model versions that can be answered, computed included. */
  readonly computable: number;
  /** What readiness depends on, for `/readyz`. */
  checks(): readonly Check[];
  /** Takes no new calls, lets those under way end, and leaves. */
  drain(): Promise<void>;
}

/** Throws PORT_IN_USE or BAD_CONFIG. A bus that cannot be reached is waited for in the background. */
export async function startGateway(parts: {
  readonly options: GatewayOptions;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}): Promise<Gateway> {
  const { options, bus, clock, log } = parts;
  const id = `${options.name}-${newIncarnation()}`;
  const catalog = new ModelCatalog(log);
  const memory = new LargeBuffers(idleMemoryBytes);
  const nodes = new NodeDirectory({
    ...{ peerId: id, log, clock, memory, replicas: options.replicas },
    onRing: (ring) => detector.follow(ring),
  });
  const nearCache = new NearCache(options.nearCacheBytes, clock);
  const desk = new DirectDesk(id, clock);
  const { name, coherence: settings, evictAfterMs } = options;
  const coherence = new Coherence({ name, bus, clock, log, settings });
  const detector: FailureDetector = new FailureDetector({
    ...{ id, bus, clock, log, evictAfterMs },
    heardMs: (node) => nodes.heardMs(node),
    gateways: () => coherence.gateways,
    isLogWritable: () => coherence.leaseAgeMs() < settings.renewEveryMs + evictAfterMs,
  });
  const follower = new BusFollower({ bus, log, catalog, nodes, desk, detector });
  const hedging = new Hedging(options.hedge);
  const metrics = new GatewayMetrics(parts.metrics.registry, {
    nearCache,
    inFlight: () => path.inFlight,
    missesInFlight: () => misses.inFlight,
    leaseAgeMs: () => coherence.leaseAgeMs(),
    gateways: () => coherence.gateways,
    ringVersion: () => nodes.ringVersion,
    linksUp: () => nodes.links().filter(({ state }) => state === "up").length,
  });
  const misses = missAdmission(options, clock, metrics);
  const path: InferencePath = new InferencePath({
    options,
    clock,
    ...{ coherence, catalog, nodes, nearCache, memory },
    jobs: new JobPublisher({ queue: bus.queue, desk, misses, defaults: options }),
    hedging,
    metrics,
  });
  registerClusterMetrics(parts.metrics.registry, { hedging, detector });
  let draining = false;
  const isReady = (): boolean => !draining && coherence.wasLeased && catalog.isReady;
  const startMs = clock.nowMs();
  const infer = inferHandler(path);
  const server = publicServer({ options, infer, catalog, coherence, metrics, isReady });
  server.addService(
    loadServices().kvring.v1.ClusterService.service,
    clusterHandlers({
      ...{ id, bus, catalog, nodes, nearCache, metrics, replicas: options.replicas },
      uptimeMs: () => clock.nowMs() - startMs,
      position: () => coherence.position,
    }),
  );
  const port = await orLeave(coherence, listen({ server, infer, memory, options, log }));
  follower.start();
  log.info({ id, port }, "the gateway listens");
  return {
    id,
    port,
    metrics,
    nodes,
    get computable() {
      return catalog.computable().length;
    },
    checks: () => [
      check("serving", () => !draining, "the gateway is draining"),
      check("log", () => coherence.wasLeased, "the control log, in NATS, gave no lease yet"),
      check("model", () => catalog.isReady, "no live worker holds a model of the catalog"),
    ],
    async drain() {
      draining = true;
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      await coherence.leave();
      await follower.stop();
      log.info({ id }, "the gateway has drained");
    },
  };
}

/** Who cannot be reached must not be waited for by invalidations. */
async function orLeave<T>(coherence: Coherence, started: Promise<T>): Promise<T> {
  try {
    return await started;
  } catch (error) {
    await coherence.leave();
    throw error;
  }
}

async function listen(parts: {
  readonly server: Server;
  readonly infer: UnaryHandler;
  readonly memory: LargeBuffers;
  readonly options: GatewayOptions;
  readonly log: Log;
}): Promise<number> {
  const { server, infer, memory, log } = parts;
  const { listen: address, fastPaths } = parts.options;
  const port = await bindServer(server, address, ServerCredentials.createInsecure());
  if (fastPaths && !hasten(server, hotMethods(infer), { mostBytes: serverMessageBytes, memory })) {
    log.warn(
      { port },
      "this grpc-js is not known: Infer goes all of its way through it, and slower",
    );
  }
  return port;
}

function missAdmission(
  { inFlight }: GatewayOptions,
  clock: Clock,
  metrics: GatewayMetrics,
): MissAdmission {
  // The other half is for hits, which are through in no time, whoever waits.
  const most = Math.ceil(inFlight / 2);
  return new MissAdmission({ most, clock, onShed: (model) => metrics.shed(model) });
}

function check(name: string, holds: () => boolean, why: string): Check {
  return { name, failing: () => (holds() ? undefined : why) };
}

function publicServer(parts: {
  readonly options: GatewayOptions;
  readonly infer: UnaryHandler;
  readonly catalog: ModelCatalog;
  readonly coherence: Coherence;
  readonly metrics: GatewayMetrics;
  readonly isReady: () => boolean;
}): Server {
  const { options, infer, catalog, coherence, metrics, isReady } = parts;
  const { inference, kvring } = loadServices();
  const server = new Server(serverOptions);
  const open = inference.GRPCInferenceService.service;
  server.addService(
    { ...open, ModelInfer: rawMethod(open.ModelInfer) },
    {
      ...metadataHandlers({ name: options.serverName, version, catalog, isReady }),
      ModelInfer: infer,
    },
  );
  const own = kvring.v1.InferenceService.service;
  const invalidate = invalidateHandler({
    coherence,
    catalog,
    timeoutMs: 2 * options.coherence.terms.waitMs + 5_000,
    onInvalidated: (waitedMs) => metrics.invalidated(waitedMs),
  });
  server.addService(
    { ...own, Infer: rawMethod(own.Infer) },
    { Infer: infer, Invalidate: invalidate },
  );
  return server;
}

function hotMethods(infer: UnaryHandler): ReadonlyMap<string, UnaryHandler> {
  const { inference, kvring } = loadServices();
  const { ModelInfer } = inference.GRPCInferenceService.service;
  const { Infer } = kvring.v1.InferenceService.service;
  return new Map([ModelInfer, Infer].map(({ path }) => [path, infer]));
}

interface Following {
  readonly bus: Bus;
  readonly log: Log;
  readonly catalog: ModelCatalog;
  readonly nodes: NodeDirectory;
  readonly desk: DirectDesk;
  readonly detector: FailureDetector;
}

/** Everything of a gateway that listens to the bus; attaches as soon as the bus can be reached. */
class BusFollower {
  readonly #parts: Following;
  #stopTrying: (() => void) | undefined;

  constructor(parts: Following) {
    this.#parts = parts;
  }

  start(): void {
    const { bus, catalog, nodes, desk, detector, log } = this.#parts;
    const steps: readonly (readonly [string, () => Promise<void>])[] = [
      ["serve direct answers", () => desk.serve(bus.courier)],
      ["follow the ring", () => nodes.follow(bus.registry)],
      ["follow the catalog", () => catalog.follow(bus.registry, bus.presence)],
      ["announce the gateway", () => detector.start()],
    ];
    const stops = steps.map(([what, step]) => keepTrying(what, step, log));
    this.#stopTrying = () => {
      for (const stop of stops) stop();
    };
  }

  async stop(): Promise<void> {
    const { catalog, nodes, desk, detector } = this.#parts;
    this.#stopTrying?.();
    await Promise.all([detector.stop(), catalog.stop(), nodes.stop(), desk.stop()]);
  }
}
