import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { type Outcome, outcomes } from "./cache/cache-status.ts";

/**
 * What a gateway counts. One identity holds at any time, per model and in sum:
 * requests = hit_l1 + hit_node + coalesced + miss + stale + bypass + error.
 *
 * Requests for unknown models are counted under the empty model, so that a client cannot create
 * label values.
 */
export class GatewayMetrics {
  readonly #counts = new Map<string, Record<Outcome, number>>();
  readonly #requests = new Map<string, number>();
  readonly #invalidations: Histogram;
  readonly #shed: Counter<"model">;
  readonly #repairs: Counter;
  readonly #refreshes: Counter<"outcome">;
  readonly #durations: Readonly<Record<Outcome, { observe(seconds: number): void }>>;

  constructor(
    registry: Registry,
    sources: {
      readonly nearCache: {
        readonly usedBytes: number;
        readonly capacityBytes: number;
        readonly size: number;
      };
      readonly inFlight: () => number;
      /** Of these, those that wait for a computation. */
      readonly missesInFlight: () => number;
      readonly leaseAgeMs: () => number;
      /** In the roster, as invalidations reckon with them. */
      readonly gateways: () => number;
      readonly ringVersion: () => number;
      readonly linksUp: () => number;
    },
  ) {
    this.#registerCounts(registry);
    const durations = new Histogram({
      name: "kvring_gateway_request_seconds",
      help: "From the request's arrival to its answer, by outcome",
      labelNames: ["outcome"],
      buckets: [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
        10,
      ],
      registers: [registry],
    });
    this.#shed = new Counter({
      name: "kvring_gateway_shed_total",
      help: "Misses refused since their answer would have come too late, or too many wait",
      labelNames: ["model"],
      registers: [registry],
    });
    this.#invalidations = new Histogram({
      name: "kvring_gateway_invalidation_seconds",
      help: "From the call to the moment at which nothing older can be given any more",
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 10, 15, 20, 30],
      registers: [registry],
    });
    this.#refreshes = new Counter({
      name: "kvring_gateway_refreshes_total",
      help: "Answers computed anew that nobody waited for: expired ones, and hot ones before they do",
      labelNames: ["outcome"],
      registers: [registry],
    });
    this.#repairs = new Counter({
      name: "kvring_gateway_read_repairs_total",
      help: "Copies given to owners that should have had an entry and did not",
      registers: [registry],
    });
    const entries = outcomes.map((outcome) => [outcome, durations.labels(outcome)] as const);
    this.#durations = Object.fromEntries(entries) as Record<Outcome, (typeof entries)[0][1]>;
    registerSources(registry, sources);
  }

  /** Once for every request, when it ends. */
  answered(model: string, outcome: Outcome, durationMs: number): void {
    let counts = this.#counts.get(model);
    if (counts === undefined) {
      counts = {
        hit_l1: 0,
        hit_node: 0,
        coalesced: 0,
        miss: 0,
        stale: 0,
        bypass: 0,
        error: 0,
      };
      this.#counts.set(model, counts);
    }
    counts[outcome] += 1;
    this.#requests.set(model, (this.#requests.get(model) ?? 0) + 1);
    this.#durations[outcome].observe(durationMs / 1000);
  }

  /** A miss was refused, as OVERLOADED. */
  shed(model: string): void {
    this.#shed.inc({ model });
  }

  /** An invalidation returned OK. */
  invalidated(waitedMs: number): void {
    this.#invalidations.observe(waitedMs / 1000);
  }

  /** So many owners were given a copy of what they lacked. */
  repaired(owners: number): void {
    if (owners > 0) this.#repairs.inc(owners);
  }

  /** A computation that nobody waited for ended. */
  refreshed(isDone: boolean): void {
    this.#refreshes.inc({ outcome: isDone ? "done" : "failed" });
  }

  /** Sums over all models, for `kvring stats`. */
  totals(): Record<Outcome | "requests", number> {
    const totals = Object.fromEntries(["requests", ...outcomes].map((name) => [name, 0])) as Record<
      Outcome | "requests",
      number
    >;
    for (const counts of this.#counts.values()) {
      for (const outcome of outcomes) totals[outcome] += counts[outcome];
    }
    for (const requests of this.#requests.values()) totals.requests += requests;
    return totals;
  }

  /** Plain numbers on the hot path; the library sees them when it is asked. */
  #registerCounts(registry: Registry): void {
    const counts = this.#counts;
    const requests = this.#requests;
    new Counter({
      name: "kvring_gateway_answers_total",
      help: "Requests by how they were answered",
      labelNames: ["model", "outcome"],
      registers: [registry],
      collect() {
        this.reset();
        for (const [model, byOutcome] of counts) {
          for (const outcome of outcomes) this.inc({ model, outcome }, byOutcome[outcome]);
        }
      },
    });
    new Counter({
      name: "kvring_gateway_requests_total",
      help: "Inference requests that ended; the sum of all answers",
      labelNames: ["model"],
      registers: [registry],
      collect() {
        this.reset();
        for (const [model, count] of requests) this.inc({ model }, count);
      },
    });
  }
}

function registerSources(
  registry: Registry,
  sources: ConstructorParameters<typeof GatewayMetrics>[1],
): void {
  const gauges: readonly (readonly [string, string, () => number])[] = [
    [
      "kvring_gateway_near_cache_used_bytes",
      "Memory of the near cache in use",
      () => sources.nearCache.usedBytes,
    ],
    [
      "kvring_gateway_near_cache_capacity_bytes",
      "Memory that the near cache may use",
      () => sources.nearCache.capacityBytes,
    ],
    ["kvring_gateway_near_cache_entries", "Entries near", () => sources.nearCache.size],
    ["kvring_gateway_in_flight", "Requests under way", sources.inFlight],
    [
      "kvring_gateway_misses_in_flight",
      "Requests that wait for a computation",
      sources.missesInFlight,
    ],
    ["kvring_gateway_roster_size", "Gateways that invalidations reckon with", sources.gateways],
    [
      "kvring_gateway_lease_age_seconds",
      "Since the lease was asked for that answers rest on; +Inf before the first",
      () => sources.leaseAgeMs() / 1000,
    ],
    ["kvring_gateway_ring_version", "The ring routed by", sources.ringVersion],
    ["kvring_gateway_links_up", "Nodes that can be asked now", sources.linksUp],
  ];
  for (const [name, help, read] of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
}
