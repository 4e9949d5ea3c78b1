import { Entry, scopeId } from "@kvring/core";
import type { CacheStatus } from "../cache/cache-status.ts";
import type { Answers } from "./answers.ts";
import type { CheckedRequest } from "./checked-request.ts";
import type { PathParts } from "./inference-path.ts";
import { type Finish, guarded, type OpenRequest } from "./open-request.ts";
import { OwnerWalk } from "./owner-walk.ts";
import { leaseLapsed } from "./refusals.ts";

/**
 * The log is out of reach for longer than the lease: nobody knows what was invalidated since. Only
 * a caller who said `stale-if-error` is given what was current when the lease began.
 */
export class LapsedPath {
  readonly #parts: PathParts;
  readonly #answers: Answers;

  constructor(parts: PathParts, answers: Answers) {
    this.#parts = parts;
    this.#answers = answers;
  }

  /** `open`: for waiting, where a node has to be asked. Throws BUS_UNAVAILABLE. */
  answer(request: CheckedRequest, finish: Finish, open: () => OpenRequest): void {
    const { coherence, nearCache } = this.#parts;
    const leaseAgeMs = coherence.leaseAgeMs();
    const { cache, key, tagScopes } = request;
    if (leaseAgeMs > cache.staleIfErrorMs) throw leaseLapsed(leaseAgeMs);
    const status: CacheStatus = { kind: "stale", byMs: leaseAgeMs };
    const isCurrent = (proof: Entry): boolean => coherence.admission.isCurrent(proof, tagScopes);
    const near = nearCache.get(key, cache.maxAgeMs, isCurrent);
    if (near === undefined) {
      this.#ask(open(), status, isCurrent, leaseAgeMs);
      return;
    }
    finish("stale", undefined, this.#answers.encode(request, near.entry, near.ageMs, status));
  }

  #ask(
    open: OpenRequest,
    status: CacheStatus,
    isCurrent: (proof: Entry) => boolean,
    leaseAgeMs: number,
  ): void {
    const { nodes, options, clock, coherence, hedging } = this.#parts;
    const { request } = open;
    const { key, cache, scopes } = request;
    const minBorn = coherence.admission.minBorn([...scopes, scopeId({ kind: "key", key })]);
    const lapsed = (): void => open.fail(leaseLapsed(leaseAgeMs));
    const { stallMs } = options;
    const walk = new OwnerWalk(
      nodes.owners(key, options.replicas),
      { key, tenant: open.call.tenant, minBorn, maxAgeMs: cache.maxAgeMs },
      { clock, untilMs: open.untilMs, hedging, stallMs, wait: false },
      {
        onGranted() {},
        onFound: (bytes) =>
          guarded(open, () => {
            const entry = new Entry(bytes);
            if (!isCurrent(entry) || entry.isFailure) lapsed();
            else open.succeed("stale", this.#answers.encode(request, entry, entry.ageMs, status));
          }),
        onMissing: lapsed,
        onFailed: lapsed,
        onUnreachable: lapsed,
      },
    );
    open.onEnd(() => walk.cancel());
    walk.start();
  }
}
