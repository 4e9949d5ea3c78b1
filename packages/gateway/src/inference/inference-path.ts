import { type Clock, Entry, isAtLeast, KvringError, type Position, scopeId } from "@kvring/core";
import { type LargeBuffers, type ScannedRequest, scanRequest } from "@kvring/wire";
import type { CacheStatus } from "../cache/cache-status.ts";
import type { NearCache } from "../cache/near-cache.ts";
import type { ModelCatalog } from "../catalog/model-catalog.ts";
import type { NodeDirectory } from "../cluster/node-directory.ts";
import type { Coherence } from "../coherence/coherence.ts";
import type { Hedging } from "../hedging/hedging.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { GatewayOptions } from "../options.ts";
import { Answers } from "./answers.ts";
import { type CheckedRequest, checkRequest } from "./checked-request.ts";
import { askFormerOwners } from "./former-owners.ts";
import type { JobPublisher } from "./job-publisher.ts";
import { LapsedPath } from "./lapsed-path.ts";
import { type Call, type Finish, guarded, OpenRequest } from "./open-request.ts";
import { OwnerWalk } from "./owner-walk.ts";
import { type Answered, Refreshes } from "./refreshes.ts";
import { failureIn, leaseLapsed, notCached } from "./refusals.ts";
import { repair } from "./repair.ts";
import { staleMsFor } from "./tolerance.ts";

/** What the path is wired to. */
export interface PathParts {
  readonly options: GatewayOptions;
  readonly clock: Clock;
  readonly coherence: Pick<Coherence, "admission" | "position" | "leaseAgeMs" | "onLease">;
  readonly catalog: ModelCatalog;
  readonly nodes: NodeDirectory;
  readonly nearCache: NearCache;
  /** Where large requests may lie, and large answers do. */
  readonly memory: LargeBuffers;
  readonly jobs: JobPublisher;
  readonly hedging: Hedging;
  readonly metrics: GatewayMetrics;
  /** From 0 to 1; default `Math.random`. */
  readonly random?: () => number;
}

/** A call on its way in. */
interface Arrival {
  readonly scanned: ScannedRequest;
  readonly message: Uint8Array;
  readonly call: Call;
  readonly startMs: number;
  readonly finish: Finish;
}

/** How an entry came from a node. */
interface Arriving {
  /** Computed while we waited, for us or somebody else. */
  readonly waited: boolean;
  readonly stored: boolean;
  /** Computed for us. */
  readonly granted: boolean;
  /** What was asked for. */
  readonly minBorn: Position;
}

/**
 * The way of one request: admission under the lease, check, near cache, owners, computation,
 * delivery. Each step either finishes the request or hands it to the next; nothing is awaited on
 * the way of a hit.
 */
export class InferencePath {
  readonly #parts: PathParts;
  readonly #refreshes: Refreshes;
  readonly #answers: Answers;
  readonly #lapsed: LapsedPath;
  #inFlight = 0;

  constructor(parts: PathParts) {
    this.#parts = parts;
    this.#refreshes = new Refreshes(parts);
    this.#answers = new Answers(parts);
    this.#lapsed = new LapsedPath(parts, this.#answers);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** `respond` is called exactly once, possibly before `infer` returns; answers are frames. */
  infer(
    message: Uint8Array,
    call: Call,
    respond: (error: KvringError | undefined, answer: Uint8Array | undefined) => void,
  ): void {
    const { clock, metrics, catalog } = this.#parts;
    const startMs = clock.nowMs();
    let model = "";
    this.#inFlight += 1;
    const finish: Finish = (outcome, error, answer) => {
      this.#inFlight -= 1;
      metrics.answered(model, outcome, clock.nowMs() - startMs);
      respond(error, answer);
    };
    try {
      const scanned = scanRequest(message);
      // What is refused counts for its model too; unknown names stay without a label.
      model = catalog.versionsOf(scanned.modelName)[0]?.model ?? "";
      this.#refuseFlood();
      this.#admit({ scanned, message, call, startMs, finish });
    } catch (error) {
      finish("error", KvringError.from(error));
    }
  }

  #refuseFlood(): void {
    const { inFlight } = this.#parts.options;
    if (this.#inFlight <= inFlight) return;
    throw new KvringError(
      "TOO_MANY_IN_FLIGHT",
      `${inFlight} requests are under way at this gateway; retry later, or add gateways`,
    );
  }

  /**
   * Takes a request in under a lease that is live now. Without one it waits a little: a gateway
   * that was paused gets its lease back within milliseconds.
   */
  #admit(arrival: Arrival): void {
    const { clock, coherence, options } = this.#parts;
    const admitted = coherence.admission.admit(clock.nowMs());
    if (admitted !== undefined) {
      this.#answer(arrival, this.#check(arrival, admitted));
      return;
    }
    const patienceMs = Math.min(
      options.leaseWaitMs,
      arrival.call.remainingMs ?? Number.POSITIVE_INFINITY,
    );
    const attempt = (step: () => void): void => {
      try {
        step();
      } catch (error) {
        arrival.finish("error", KvringError.from(error));
      }
    };
    const stopTimer = clock.after(patienceMs, () => {
      stopWaiting();
      attempt(() => {
        const request = this.#check(arrival, coherence.position);
        this.#lapsed.answer(request, arrival.finish, () => this.#open(arrival, request));
      });
    });
    const stopWaiting = coherence.onLease(() => {
      stopTimer();
      attempt(() => this.#admit(arrival));
    });
  }

  /** `born` was read before the catalog is looked at here. */
  #check({ scanned, message, call }: Arrival, born: Position): CheckedRequest {
    const { catalog } = this.#parts;
    const { tenant, parameters } = call;
    return checkRequest(scanned, message, { catalog, born, tenant, parametersOfCall: parameters });
  }

  #answer(arrival: Arrival, request: CheckedRequest): void {
    const { cache, key, model } = request;
    if (cache.noCache || cache.noStore) {
      this.#bypass(this.#open(arrival, request));
      return;
    }
    const { nearCache, coherence, memory } = this.#parts;
    const { admission } = coherence;
    const near = nearCache.get(key, cache.maxAgeMs, (proof) =>
      admission.isCurrent(proof, request.tagScopes),
    );
    if (near !== undefined) {
      const { ttlMs, entry } = near;
      const status: CacheStatus = { kind: "hit", detail: "l1", ttlMs };
      const answer = this.#answers.encode(request, entry, near.ageMs, status);
      if (model.earlyRefresh) {
        this.#refreshes.hit(this.#answered(arrival, request), { costMs: entry.costMs, ttlMs });
      } else {
        memory.give(arrival.message);
      }
      arrival.finish("hit_l1", undefined, answer);
      return;
    }
    this.#askOwners(arrival, this.#open(arrival, request));
  }

  /** From here on the request outlives this call: its deadline and cancellation are watched. */
  #open({ call, startMs, finish }: Arrival, request: CheckedRequest): OpenRequest {
    const { clock, options, catalog } = this.#parts;
    const waitMs = Math.min(call.remainingMs ?? options.requestTimeoutMs, maxWaitMs);
    const { model } = request;
    const whyLate = (): string =>
      catalog.isComputable(model)
        ? ""
        : `; no live worker holds model "${model.model}" version ${model.version}`;
    return new OpenRequest(request, call, { clock, untilMs: startMs + waitMs, whyLate, finish });
  }

  #askOwners(arrival: Arrival, open: OpenRequest): void {
    const { options, clock, nodes, coherence, jobs, hedging, metrics } = this.#parts;
    const { key, cache, scopes } = open.request;
    const owners = nodes.owners(key, options.replicas);
    const minBorn = coherence.admission.minBorn([...scopes, scopeId({ kind: "key", key })]);
    const minTtlMs = 0 - staleMsFor(open.request);
    const request = { key, tenant: open.call.tenant, minBorn, maxAgeMs: cache.maxAgeMs, minTtlMs };
    const { stallMs } = options;
    const patience = { clock, untilMs: open.untilMs, hedging, stallMs, wait: !cache.onlyIfCached };
    let former = nodes.formerOwners(key, options.replicas);
    let granted = false;
    const walk = new OwnerWalk(owners, request, patience, {
      onGranted: (link, token, asks) => {
        const compute = (): void => {
          granted = true;
          void jobs.fill(open, link, token, owners, { asks });
        };
        if (former.length === 0) return compute();
        const onFound = (): void => {
          granted = false;
        };
        const question = { open, former, request, options: patience, link, token };
        // Once: a token that comes again is for computing.
        former = [];
        askFormerOwners({ ...question, onFound, onMissing: compute });
      },
      onFound: (bytes, { waited, stored }, without) => {
        metrics.repaired(repair(without, key, bytes));
        guarded(open, () =>
          this.#found(arrival, open, bytes, { waited, stored, granted, minBorn }),
        );
      },
      onWaiting: () => guarded(open, () => jobs.wait(open)),
      onMissing: () => open.fail(notCached()),
      onFailed: (error) => open.fail(error),
      onUnreachable: () => {
        if (cache.onlyIfCached) open.fail(notCached());
        else this.#uncached(open);
      },
    });
    open.onEnd(() => walk.cancel());
    walk.start();
  }

  #found(arrival: Arrival, open: OpenRequest, bytes: Uint8Array, how: Arriving): void {
    const { coherence, nearCache, memory } = this.#parts;
    const { request } = open;
    const entry = new Entry(bytes);
    if (!isAtLeast(entry.born, how.minBorn)) {
      throw new KvringError("INTERNAL", "a node returned an answer older than it was asked for");
    }
    if (!coherence.admission.mayDeliver(entry, request.tagScopes, request.born)) {
      this.#redispatch(arrival, open);
      return;
    }
    if (entry.isFailure) {
      open.fail(failureIn(entry, !how.waited && !how.granted));
      return;
    }
    if (how.waited || how.granted) {
      const collapsed = !how.granted;
      const status: CacheStatus = { kind: "miss", collapsed, stored: how.stored };
      const answer = this.#answers.encode(request, entry, entry.ageMs, status);
      // Too old for this request: what is computed takes the place of what is near.
      if (request.cache.maxAgeMs !== undefined) nearCache.delete(request.key);
      open.succeed(collapsed ? "coalesced" : "miss", answer);
      return;
    }
    const { ttlMs, costMs } = entry;
    if (ttlMs <= 0) {
      const status: CacheStatus = { kind: "stale", byMs: -ttlMs };
      open.succeed("stale", this.#answers.encode(request, entry, entry.ageMs, status));
      this.#refreshes.expired(this.#answered(arrival, request), -ttlMs);
      return;
    }
    const status: CacheStatus = { kind: "hit", detail: "node", ttlMs };
    open.succeed("hit_node", this.#answers.encode(request, entry, entry.ageMs, status));
    // Asked for at least twice: worth keeping near.
    nearCache.put(request.key, entry);
    if (request.model.earlyRefresh) {
      this.#refreshes.hit(this.#answered(arrival, request), { costMs, ttlMs });
    } else if (!open.isLent) {
      memory.give(arrival.message);
    }
  }

  #answered(arrival: Arrival, request: CheckedRequest): Answered {
    const { tenant } = arrival.call;
    return { request, tenant, check: (born) => this.#check(arrival, born) };
  }

  /**
   * What we waited for was invalidated while we waited. We ask again from the start, the catalog
   * included, with a new `born`: what is computed for that may be given to us whatever comes then.
   */
  #redispatch(arrival: Arrival, open: OpenRequest): void {
    const { clock, coherence } = this.#parts;
    const admitted = coherence.admission.admit(clock.nowMs());
    if (admitted === undefined) {
      open.fail(leaseLapsed(coherence.leaseAgeMs()));
      return;
    }
    open.renew(this.#check(arrival, admitted));
    this.#askOwners(arrival, open);
  }

  /** `no-cache` and `no-store`: computed for this request, and stored unless that is forbidden. */
  #bypass(open: OpenRequest): void {
    const { nodes, options, jobs, nearCache } = this.#parts;
    const { request } = open;
    const isStored = !request.cache.noStore;
    const owners = isStored ? nodes.owners(request.key, options.replicas) : [];
    jobs.direct(open, owners, {
      onAnswer: (bytes) =>
        guarded(open, () => {
          const entry = new Entry(bytes);
          if (isStored) nearCache.delete(request.key);
          const status: CacheStatus = { kind: "bypass", stored: owners.length > 0 };
          open.succeed("bypass", this.#answers.encode(request, entry, entry.ageMs, status));
        }),
      onFailed: (error) => open.fail(error),
    });
  }

  /** No node can be asked: computed for this request alone, and remembered by nobody. */
  #uncached(open: OpenRequest): void {
    const { request } = open;
    this.#parts.jobs.direct(open, [], {
      onAnswer: (bytes) =>
        guarded(open, () => {
          const entry = new Entry(bytes);
          open.succeed(
            "miss",
            this.#answers.encode(request, entry, entry.ageMs, { kind: "uncached" }),
          );
        }),
      onFailed: (error) => open.fail(error),
    });
  }
}

/** A day: beyond that a deadline is none. */
const maxWaitMs = 24 * 60 * 60 * 1000;
