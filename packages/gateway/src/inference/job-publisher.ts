import type { MissQueue } from "@kvring/bus";
import { type AnswerLife, KvringError, lifeOf, limits, scopeId } from "@kvring/core";
import { encodeMissJob, jobMessageId, type NodeLink } from "@kvring/wire";
import type { GatewayOptions } from "../options.ts";
import type { MissAdmission } from "../overload/miss-admission.ts";
import type { DirectDesk, DirectListener } from "./direct-desk.ts";
import type { OpenRequest } from "./open-request.ts";

const nothing = new Uint8Array(0);

/** What is known of a computation beside the request it is for. */
export interface FillHints {
  /** How often the key was asked for lately, where the node counted. */
  readonly asks?: number | undefined;
  /** An answer may be there, whose place a failure must not take. */
  readonly forgetsFailure?: boolean;
}

/** Puts computations into the miss queue: under a node's fill token, or for this gateway alone. */
export class JobPublisher {
  readonly #queue: MissQueue;
  readonly #desk: DirectDesk;
  readonly #misses: MissAdmission;
  readonly #defaults: AnswerLife;

  constructor(parts: {
    readonly queue: MissQueue;
    readonly desk: DirectDesk;
    readonly misses: MissAdmission;
    readonly defaults: Pick<GatewayOptions, "entryTtlMs" | "keepExpiredMs">;
  }) {
    this.#queue = parts.queue;
    this.#desk = parts.desk;
    this.#misses = parts.misses;
    const { entryTtlMs, keepExpiredMs } = parts.defaults;
    this.#defaults = { ttlMs: entryTtlMs, staleMs: keepExpiredMs };
  }

  /** The request waits for what somebody else has computed. Throws OVERLOADED. */
  wait(open: OpenRequest): void {
    this.#misses.wait(open);
  }

  /** Publishes the job that fills the key; gives the token back when that cannot be done. */
  async fill(
    open: OpenRequest,
    link: NodeLink,
    token: Uint8Array,
    owners: readonly NodeLink[],
    hints: FillHints = {},
  ): Promise<void> {
    const { key, message } = open.request;
    open.lend();
    try {
      this.#misses.compute(open);
      // A token that is dead by now has gone to somebody else, and so has our place in line.
      if (isStaged(message) && !(await link.stage({ key, token, input: message }))) return;
      const others = owners.filter((owner) => owner !== link);
      await this.#publish(open, token, "", [link, ...others], hints);
    } catch (error) {
      // Whoever waits behind us gets the token, and its own try.
      link.release({ key, token }).catch(() => {});
      open.fail(KvringError.from(error));
    }
  }

  /** Has it computed for this request; `owners` get a copy, if any. */
  direct(open: OpenRequest, owners: readonly NodeLink[], listener: DirectListener): void {
    // Its deadline ends it: nobody has to compute what nobody waits for.
    if (open.remainingMs() <= 0) return;
    open.lend();
    try {
      this.#misses.compute(open);
    } catch (error) {
      open.fail(KvringError.from(error));
      return;
    }
    const job = this.#desk.open(open.request.message, open.remainingMs(), listener);
    open.onEnd(() => job.close());
    this.#publish(open, job.token, this.#desk.address, owners, { forgetsFailure: true }).catch(
      (error) => open.fail(KvringError.from(error)),
    );
  }

  async #publish(
    open: OpenRequest,
    token: Uint8Array,
    replyTo: string,
    owners: readonly NodeLink[],
    { asks, forgetsFailure = false }: FillHints,
  ): Promise<void> {
    const { key, born, model, cache, scopes, message } = open.request;
    const staged = isStaged(message);
    const tags = [...model.tags, ...cache.tags];
    const { ttlMs, staleMs } = lifeOf(
      model,
      { tags, requestTtlMs: cache.ttlMs, asks },
      this.#defaults,
    );
    await this.#queue.publish({
      digest: model.digest,
      messageId: jobMessageId({ key, token, born }),
      timeoutMs: open.remainingMs(),
      body: encodeMissJob({
        key,
        token,
        born,
        replyTo,
        model: model.model,
        version: model.version,
        digest: model.digest,
        scopes: [...scopes, scopeId({ kind: "key", key })],
        ttlMs,
        staleMs,
        negativeTtlMs: forgetsFailure ? 0 : (model.negativeTtlMs ?? 0),
        policy: model.policy,
        owners: owners.map(({ nodeId, address }) => ({ nodeId, address })),
        request: staged ? nothing : message,
        stagedBytes: staged ? message.length : 0,
        traceParent: "",
      }),
    });
  }
}

/** Too large for a message of the queue: the job carries a reference. */
function isStaged(message: Uint8Array): boolean {
  return message.length > limits.inlineBytes;
}
