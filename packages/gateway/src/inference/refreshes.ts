import { type Clock, Entry, KvringError, type Position, scopeId } from "@kvring/core";
import type { NearCache } from "../cache/near-cache.ts";
import type { NodeDirectory } from "../cluster/node-directory.ts";
import type { Coherence } from "../coherence/coherence.ts";
import type { Hedging } from "../hedging/hedging.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { GatewayOptions } from "../options.ts";
import type { CheckedRequest } from "./checked-request.ts";
import type { JobPublisher } from "./job-publisher.ts";
import { OpenRequest } from "./open-request.ts";
import { OwnerWalk } from "./owner-walk.ts";
import { isRefreshDue, revalidatedMsFor } from "./tolerance.ts";

export interface RefreshParts {
  readonly options: GatewayOptions;
  readonly clock: Clock;
  readonly coherence: Pick<Coherence, "admission">;
  readonly nodes: NodeDirectory;
  readonly nearCache: NearCache;
  readonly jobs: JobPublisher;
  readonly hedging: Hedging;
  readonly metrics: Pick<GatewayMetrics, "refreshed">;
  /** From 0 to 1; default `Math.random`. */
  readonly random?: () => number;
}

/** A request that was given an answer which may have to be computed anew. */
export interface Answered {
  readonly request: CheckedRequest;
  readonly tenant: string;
  /** Checks it again, as admitted at the place in the log where the new answer will be born. */
  check(born: Position): CheckedRequest;
}

/** Beyond so many at a time nothing more is refreshed: it is computed when somebody waits for it. */
const mostRefreshes = 1_000;

/** A key whose refresh failed is left alone for so long, or a broken model would be asked all the time. */
const pauseMs = 1_000;

/**
 * Computations that nobody waits for: of what has expired and is given all the same, or is about to.
 *
 * A refresh is an ordinary look-up for which what is there will not do, so that the primary gives its
 * fill token to the first gateway that asks, and has the others wait with it: there is one refresh of
 * a key in the cluster, as there is one computation of what nobody has. Whoever asks for the key
 * meanwhile and does not take what is old joins it.
 */
export class Refreshes {
  readonly #parts: RefreshParts;
  readonly #underWay = new Set<string>();

  constructor(parts: RefreshParts) {
    this.#parts = parts;
  }

  /** It expired `staleMs` ago. */
  expired(answered: Answered, staleMs: number): void {
    if (staleMs <= revalidatedMsFor(answered.request)) this.#begin(answered, 0);
  }

  /** It lives for another `ttlMs`: one of those who ask for it then has it refreshed in time. */
  hit(answered: Answered, life: { readonly costMs: number; readonly ttlMs: number }): void {
    const { earlyRefresh = 0 } = answered.request.model;
    if (!isRefreshDue(earlyRefresh, life, this.#parts.random ?? Math.random)) return;
    // What lives longer than this by the time the primary is asked has been refreshed already.
    this.#begin(answered, life.ttlMs + 1);
  }

  /** What has `minTtlMs` to live when the primary is asked is new enough. */
  #begin({ request: { key, cache }, tenant, check }: Answered, minTtlMs: number): void {
    const { coherence, clock, options, metrics } = this.#parts;
    const name = Buffer.from(key).toString("latin1");
    if (cache.onlyIfCached) return;
    if (this.#underWay.has(name) || this.#underWay.size >= mostRefreshes) return;
    const born = coherence.admission.admit(clock.nowMs());
    if (born === undefined) return;
    let request: CheckedRequest;
    try {
      request = check(born);
    } catch {
      // The model is gone: so will be the answer.
      return;
    }
    this.#underWay.add(name);
    const call = { tenant, parameters: [], remainingMs: undefined, onCancel() {} };
    const open = new OpenRequest(request, call, {
      clock,
      untilMs: clock.nowMs() + options.requestTimeoutMs,
      whyLate: () => "",
      finish: (_, error) => {
        metrics.refreshed(error === undefined);
        if (error === undefined) this.#underWay.delete(name);
        else clock.after(pauseMs, () => this.#underWay.delete(name));
      },
    });
    this.#ask(open, minTtlMs);
  }

  #ask(open: OpenRequest, minTtlMs: number): void {
    const { nodes, options, clock, coherence, hedging, jobs } = this.#parts;
    const { key, scopes } = open.request;
    const owners = nodes.owners(key, options.replicas);
    const minBorn = coherence.admission.minBorn([...scopes, scopeId({ kind: "key", key })]);
    const { tenant } = open.call;
    const unknown = (): void => open.fail(new KvringError("LINK_LOST", "no owner can be asked"));
    const walk = new OwnerWalk(
      owners,
      { key, tenant, minBorn, maxAgeMs: undefined, minTtlMs },
      { clock, untilMs: open.untilMs, hedging, stallMs: options.stallMs, wait: true },
      {
        onGranted: (link, token) =>
          void jobs.fill(open, link, token, owners, { forgetsFailure: true }),
        onFound: (bytes) => this.#found(open, bytes),
        onMissing: unknown,
        onFailed: (error) => open.fail(error),
        onUnreachable: unknown,
      },
    );
    open.onEnd(() => walk.cancel());
    walk.start();
  }

  #found(open: OpenRequest, bytes: Uint8Array): void {
    const { coherence, nearCache } = this.#parts;
    const { key, tagScopes } = open.request;
    try {
      const entry = new Entry(bytes);
      // Somebody asked for it, and somebody had asked before: worth keeping near.
      const isGood = !entry.isFailure && coherence.admission.isCurrent(entry, tagScopes);
      if (isGood) nearCache.put(key, entry);
      open.succeed("miss", nothing);
    } catch (error) {
      open.fail(KvringError.from(error));
    }
  }
}

const nothing = new Uint8Array(0);
