import type { Bus } from "@kvring/bus";
import { type Clock, Entry, isAtLeast, KvringError, limits, type Parameter } from "@kvring/core";
import {
  answerSuffix,
  encodeMissJob,
  jobMessageId,
  type NodeLink,
  type ScannedRequest,
  scanRequest,
} from "@kvring/wire";
import { type CacheStatus, formatCacheStatus, type Outcome } from "../cache/cache-status.ts";
import type { NearCache } from "../cache/near-cache.ts";
import type { ModelCatalog } from "../catalog/model-catalog.ts";
import type { NodeDirectory } from "../cluster/node-directory.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { GatewayOptions } from "../options.ts";
import { type CheckedRequest, checkRequest } from "./checked-request.ts";
import type { DirectDesk } from "./direct-desk.ts";
import { type Call, OpenRequest } from "./open-request.ts";
import { OwnerWalk } from "./owner-walk.ts";

/** What the path is wired to. */
export interface PathParts {
  readonly options: GatewayOptions;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly position: () => { readonly epoch: number; readonly sequence: number };
  readonly catalog: ModelCatalog;
  readonly nodes: NodeDirectory;
  readonly nearCache: NearCache;
  readonly desk: DirectDesk;
  readonly metrics: GatewayMetrics;
}

/**
 * The way of one request: check, near cache, owners, computation, answer. Each step either
 * finishes the request or hands it to the next; nothing is awaited on the way of a hit.
 */
export class InferencePath {
  readonly #parts: PathParts;
  #inFlight = 0;

  constructor(parts: PathParts) {
    this.#parts = parts;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** `respond` is called exactly once, possibly before `infer` returns. */
  infer(
    message: Uint8Array,
    call: Call,
    respond: (error: KvringError | undefined, answer: Uint8Array | undefined) => void,
  ): void {
    const { clock, metrics, catalog } = this.#parts;
    const startMs = clock.nowMs();
    let model = "";
    this.#inFlight += 1;
    const finish = (outcome: Outcome, error?: KvringError, answer?: Uint8Array): void => {
      this.#inFlight -= 1;
      metrics.answered(model, outcome, clock.nowMs() - startMs);
      respond(error, answer);
    };
    try {
      const scanned = scanRequest(message);
      // What is refused counts for its model too; unknown names stay without a label.
      model = catalog.versionsOf(scanned.modelName)[0]?.model ?? "";
      const request = this.#admit(scanned, message, call);
      this.#answer(request, call, startMs, finish);
    } catch (error) {
      finish("error", KvringError.from(error));
    }
  }

  #admit(scanned: ScannedRequest, message: Uint8Array, call: Call): CheckedRequest {
    const { options, position, catalog } = this.#parts;
    if (this.#inFlight > options.inFlight) {
      throw new KvringError(
        "TOO_MANY_IN_FLIGHT",
        `${options.inFlight} requests are under way at this gateway; retry later, or add gateways`,
      );
    }
    const born = position();
    if (born.epoch === 0) {
      throw new KvringError(
        "BUS_UNAVAILABLE",
        "the control log has not been reached yet; check that NATS is running, and retry",
      );
    }
    const { tenant, parameters } = call;
    return checkRequest(scanned, message, { catalog, born, tenant, parametersOfCall: parameters });
  }

  #answer(
    request: CheckedRequest,
    call: Call,
    startMs: number,
    finish: (outcome: Outcome, error?: KvringError, answer?: Uint8Array) => void,
  ): void {
    const { cache, key } = request;
    if (cache.noCache || cache.noStore) {
      this.#direct(this.#open(request, call, startMs, finish), { kind: "bypass" });
      return;
    }
    const near = this.#parts.nearCache.get(key, this.#minBorn(request), cache.maxAgeMs);
    if (near !== undefined) {
      const status: CacheStatus = { kind: "hit", detail: "l1", ttlMs: near.ttlMs };
      finish("hit_l1", undefined, this.#encode(request, near.entry, near.ageMs, status));
      return;
    }
    this.#askOwners(this.#open(request, call, startMs, finish));
  }

  /** From here on the request outlives this call: its deadline and cancellation are watched. */
  #open(
    request: CheckedRequest,
    call: Call,
    startMs: number,
    finish: (outcome: Outcome, error?: KvringError, answer?: Uint8Array) => void,
  ): OpenRequest {
    const waitMs = Math.min(
      call.remainingMs ?? Number.POSITIVE_INFINITY,
      this.#defaultWaitMs(call),
    );
    const whyLate = (): string =>
      this.#parts.catalog.isComputable(request.model)
        ? ""
        : `; no live worker holds model "${request.model.model}" version ${request.model.version}`;
    return new OpenRequest(request, call, {
      clock: this.#parts.clock,
      untilMs: startMs + waitMs,
      whyLate,
      finish,
    });
  }

  #defaultWaitMs(call: Call): number {
    return call.remainingMs === undefined ? this.#parts.options.requestTimeoutMs : maxWaitMs;
  }

  /** Nothing older is given, or joined. */
  #minBorn(request: CheckedRequest) {
    return { epoch: request.born.epoch, sequence: 0 };
  }

  #askOwners(open: OpenRequest): void {
    const { options, clock, nodes } = this.#parts;
    const { request } = open;
    const { key, cache } = request;
    const owners = nodes.owners(key, options.replicas);
    const minBorn = this.#minBorn(request);
    let granted = false;
    const walk = new OwnerWalk(
      owners,
      { key, tenant: open.call.tenant, minBorn, maxAgeMs: cache.maxAgeMs },
      {
        clock,
        untilMs: open.untilMs,
        hedgeMs: options.hedgeMs,
        stallMs: options.stallMs,
        wait: !cache.onlyIfCached,
      },
      {
        onGranted: (link, token) => {
          granted = true;
          void this.#publish(open, link, token, owners);
        },
        onFound: (bytes, { waited, stored }) => {
          try {
            this.#found(open, bytes, { waited, stored, granted });
          } catch (error) {
            // What a node sent cannot be read: the end of this request, not of the link.
            open.fail(KvringError.from(error));
          }
        },
        onMissing: () => open.fail(notCached()),
        onFailed: (error) => open.fail(error),
        onUnreachable: () => {
          if (cache.onlyIfCached) open.fail(notCached());
          else this.#direct(open, { kind: "uncached" });
        },
      },
    );
    open.onEnd(() => walk.cancel());
    walk.start();
  }

  #found(
    open: OpenRequest,
    bytes: Uint8Array,
    how: { readonly waited: boolean; readonly stored: boolean; readonly granted: boolean },
  ): void {
    const { request } = open;
    const entry = new Entry(bytes);
    if (!isAtLeast(entry.born, this.#minBorn(request))) {
      open.fail(
        new KvringError("INTERNAL", "a node returned an answer older than it was asked for"),
      );
      return;
    }
    if (how.waited || how.granted) {
      const collapsed = !how.granted;
      const status: CacheStatus = { kind: "miss", collapsed, stored: how.stored };
      const answer = this.#encode(request, entry, entry.ageMs, status);
      // Too old for this request: what is computed takes the place of what is near.
      if (request.cache.maxAgeMs !== undefined) this.#parts.nearCache.delete(request.key);
      open.succeed(collapsed ? "coalesced" : "miss", answer);
      return;
    }
    const status: CacheStatus = { kind: "hit", detail: "node", ttlMs: entry.ttlMs };
    open.succeed("hit_node", this.#encode(request, entry, entry.ageMs, status));
    // Asked for at least twice: worth keeping near.
    this.#parts.nearCache.put(request.key, entry);
  }

  /** Publishes the job that fills the key; gives the token back when that cannot be done. */
  async #publish(
    open: OpenRequest,
    link: NodeLink,
    token: Uint8Array,
    owners: readonly NodeLink[],
  ): Promise<void> {
    const { request } = open;
    const { key, message } = request;
    const isStaged = message.length > limits.inlineBytes;
    try {
      if (isStaged && !(await link.stage({ key, token, input: message }))) return;
      await this.#enqueue(open, {
        token,
        replyTo: "",
        owners: [link, ...owners.filter((owner) => owner !== link)],
        request: isStaged ? new Uint8Array(0) : message,
        stagedBytes: isStaged ? message.length : 0,
      });
    } catch (error) {
      // Whoever waits behind us gets the token, and its own try.
      link.release({ key, token }).catch(() => {});
      open.fail(KvringError.from(error));
    }
  }

  /** Computed for this request alone: the worker asks and answers the gateway itself. */
  #direct(open: OpenRequest, status: CacheStatus & { readonly kind: "bypass" | "uncached" }): void {
    // Its deadline ends it: nobody has to compute what nobody waits for.
    if (open.remainingMs() <= 0) return;
    const { desk, nodes, options } = this.#parts;
    const { request } = open;
    const isStored = status.kind === "bypass" && !request.cache.noStore;
    const job = desk.open(request.message, open.remainingMs(), {
      onAnswer: (bytes) => {
        const entry = new Entry(bytes);
        const answer = this.#encode(request, entry, entry.ageMs, status);
        if (isStored) this.#parts.nearCache.delete(request.key);
        open.succeed(status.kind === "bypass" ? "bypass" : "miss", answer);
      },
      onFailed: (error) => open.fail(error),
    });
    open.onEnd(() => job.close());
    const isStaged = request.message.length > limits.inlineBytes;
    this.#enqueue(open, {
      token: job.token,
      replyTo: desk.address,
      owners: isStored ? nodes.owners(request.key, options.replicas) : [],
      request: isStaged ? new Uint8Array(0) : request.message,
      stagedBytes: isStaged ? request.message.length : 0,
    }).catch((error) => open.fail(KvringError.from(error)));
  }

  async #enqueue(
    open: OpenRequest,
    job: {
      readonly token: Uint8Array;
      readonly replyTo: string;
      readonly owners: readonly NodeLink[];
      readonly request: Uint8Array;
      readonly stagedBytes: number;
    },
  ): Promise<void> {
    const { bus, options } = this.#parts;
    const { request } = open;
    const { key, born, model, cache } = request;
    await bus.queue.publish({
      digest: model.digest,
      messageId: jobMessageId({ key, token: job.token, born }),
      timeoutMs: open.remainingMs(),
      body: encodeMissJob({
        ...job,
        key,
        born,
        model: model.model,
        version: model.version,
        digest: model.digest,
        scopes: request.scopes,
        ttlMs: Math.min(cache.ttlMs ?? model.ttlMs ?? options.entryTtlMs, limits.entryTtlMs),
        owners: job.owners.map(({ nodeId, address }) => ({ nodeId, address })),
        traceParent: "",
      }),
    });
  }

  /** The stored answer as it is, with this request's own fields behind it. */
  #encode(request: CheckedRequest, entry: Entry, ageMs: number, status: CacheStatus): Uint8Array {
    const text = formatCacheStatus(status);
    const parameters: Parameter[] = [{ name: "cache_status", kind: "string", value: text }];
    if (request.cache.debug) parameters.push(...this.#debug(request, entry, ageMs));
    const suffix = answerSuffix(request.id, parameters);
    const { body } = entry;
    const answer = Buffer.allocUnsafe(body.length + suffix.length);
    answer.set(body, 0);
    answer.set(suffix, body.length);
    return answer;
  }

  #debug(request: CheckedRequest, entry: Entry, ageMs: number): Parameter[] {
    const { nodes, options } = this.#parts;
    const owners = nodes.owners(request.key, options.replicas).map(({ nodeId }) => nodeId);
    const { born } = entry;
    const text = (name: string, value: string): Parameter => ({ name, kind: "string", value });
    return [
      text("cache_debug_key", Buffer.from(request.key).toString("hex")),
      text("cache_debug_digest", entry.digest),
      text("cache_debug_born", `${born.epoch}:${born.sequence}`),
      { name: "cache_debug_age_ms", kind: "double", value: ageMs },
      { name: "cache_debug_cost_ms", kind: "double", value: entry.costMs },
      text("cache_debug_owners", owners.join(",")),
      { name: "cache_debug_ring_version", kind: "uint64", value: BigInt(nodes.ringVersion) },
    ];
  }
}

/** A day: beyond that a deadline is none. */
const maxWaitMs = 24 * 60 * 60 * 1000;

function notCached(): KvringError {
  return new KvringError(
    "NOT_CACHED",
    "the answer is not in the cache, and only-if-cached forbids computing it",
  );
}
