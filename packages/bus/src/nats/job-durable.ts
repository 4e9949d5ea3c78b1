import { type Clock, KvringError, type Log } from "@kvring/core";
import { AckPolicy, nanos } from "nats";
import { maxDeliveries, type Stoppable } from "../ports.ts";
import { readNatsError, whyUnreachable } from "./errors.ts";
import type { NatsLink } from "./link.ts";
import type { NatsNames } from "./names.ts";
import type { Session } from "./session.ts";

export interface JobDurableOptions {
  readonly digest: string;
  readonly link: Pick<NatsLink, "current" | "onSession">;
  readonly clock: Clock;
  readonly log: Log;
  readonly names: NatsNames;
  readonly ackWaitMs: number;
  /** Makes the stream if it is missing, and rejects while it does not answer. */
  ensure(session: Session): Promise<void>;
  forget(session: Session): void;
  /** Numbers from 0 to 1, so that not all workers remove a consumer at once. */
  readonly random?: () => number;
}

/** Free slots, and jobs at work, over all workers of a model: about 65 KB in the server. */
const maxWaiting = 4_096;
/** Models come and go: a consumer that nobody has asked for this long is removed by the server. */
const inactiveMs = 60 * 60_000;
const retryMs = 250;
/** Two elections of nats-server 2.9, which take 4 to 9 s each, rarely need more. */
const patienceMs = 10_000;
/** Without a leader this much longer while its stream has one, a consumer never gets any. */
const leaderlessMs = 5_000;

type State =
  /** No connection. */
  | { readonly kind: "away" }
  | { readonly kind: "there"; readonly session: Session }
  | { readonly kind: "doubted"; readonly cancel: () => void }
  | { readonly kind: "stopped" };

/**
 * The durable pull consumer of one model's jobs, which all workers of the model share: looked for
 * with every connection and every doubt until it answers, made where it is missing, and otherwise
 * left alone. Whoever wants jobs asks again then: a question is lost without a word while it is away.
 *
 * Only one that stays without a leader is removed. That happens (nats-server 2.9.10, after servers
 * were restarted one after another), but removing one that is still being elected is worse: a server
 * that is away meanwhile may come back with the old one, and never catches up with the new one.
 */
export class JobDurable implements Stoppable {
  readonly #options: JobDurableOptions;
  readonly #sessions: Stoppable;
  readonly #listeners = new Set<(session: Session) => void>();
  #state: State = { kind: "away" };
  #isTold = false;
  /** Since when nobody answered for it. */
  #silentSinceMs: number | undefined;
  /** Since when its stream answers and it does not, once `patienceMs` are over. */
  #leaderlessSinceMs: number | undefined;

  constructor(options: JobDurableOptions) {
    this.#options = options;
    this.#sessions = options.link.onSession((session) => this.#begin(session));
  }

  /** Calls whenever it is worth asking for jobs, at once if it is now. */
  onThere(listener: (session: Session) => void): Stoppable {
    this.#listeners.add(listener);
    // A connection that was lost meanwhile is not worth asking over.
    const { current } = this.#options.link;
    if (this.#state.kind === "there" && this.#state.session === current) listener(current);
    return { stop: async () => void this.#listeners.delete(listener) };
  }

  /** Somebody asked for a job and was refused, or heard nothing. */
  doubt(): void {
    if (this.#state.kind === "there") this.#lookLater(this.#state.session);
  }

  async stop(): Promise<void> {
    this.#setState({ kind: "stopped" });
    await this.#sessions.stop();
  }

  #setState(next: State): void {
    if (this.#state.kind === "stopped") return;
    if (this.#state.kind === "doubted") this.#state.cancel();
    this.#state = next;
  }

  #begin(session: Session): void {
    this.#silentSinceMs = undefined;
    this.#leaderlessSinceMs = undefined;
    this.#look(session);
  }

  #there(session: Session): void {
    this.#setState({ kind: "there", session });
    for (const listener of [...this.#listeners]) listener(session);
  }

  /** Not at once: a server that answers every question with an error is not to be flooded. */
  #lookLater(session: Session): void {
    const { clock, link } = this.#options;
    const cancel = clock.after(retryMs, () => {
      if (session === link.current) this.#look(session);
      else this.#setState({ kind: "away" });
    });
    this.#setState({ kind: "doubted", cancel });
  }

  #look(session: Session): void {
    const looking: State = { kind: "doubted", cancel: () => {} };
    this.#setState(looking);
    this.#find(session).then(
      () => {
        if (this.#state !== looking) return;
        this.#isTold = false;
        this.#silentSinceMs = undefined;
        this.#leaderlessSinceMs = undefined;
        this.#there(session);
      },
      (error: unknown) => {
        if (this.#state !== looking) return;
        this.#tell(error);
        this.#lookLater(session);
      },
    );
  }

  #tell(error: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const { log, digest } = this.#options;
    const why = whyUnreachable(error);
    log.warn({ digest, why }, "jobs cannot be taken yet; trying until they can");
  }

  /** Rejects unless the consumer has a leader that answers. */
  async #find(session: Session): Promise<void> {
    const { names, digest, forget } = this.#options;
    try {
      await session.js.consumers.get(names.jobsStream, names.jobsConsumer(digest));
      return;
    } catch (error) {
      if (readNatsError(error).kind === "absent") forget(session);
      else if (await this.#isLostForGood(session)) await this.#remove(session);
      else throw error;
    }
    await this.#make(session);
  }

  async #isLostForGood(session: Session): Promise<boolean> {
    const { clock, ensure, forget, random = Math.random } = this.#options;
    this.#assertCurrent(session);
    this.#silentSinceMs ??= clock.nowMs();
    if (clock.nowMs() - this.#silentSinceMs < patienceMs) return false;
    // Where nobody leads the stream either, it is not about the consumer.
    forget(session);
    try {
      await ensure(session);
      this.#assertCurrent(session);
    } catch (error) {
      this.#leaderlessSinceMs = undefined;
      throw error;
    }
    this.#leaderlessSinceMs ??= clock.nowMs() + (random() * leaderlessMs) / 2;
    return clock.nowMs() - this.#leaderlessSinceMs >= leaderlessMs;
  }

  /** What was asked over a connection that is gone says nothing of the one that came after it. */
  #assertCurrent(session: Session): void {
    if (session === this.#options.link.current) return;
    throw new KvringError("BUS_UNAVAILABLE", "the connection was lost meanwhile");
  }

  /** The jobs stay in the stream; those that are worked on right now are delivered once more. */
  async #remove(session: Session): Promise<void> {
    const { names, digest, log } = this.#options;
    this.#leaderlessSinceMs = undefined;
    log.warn({ digest }, "the consumer of a model's jobs has no leader; making it anew");
    // Nobody is there who could confirm it.
    await session.jsm.consumers
      .delete(names.jobsStream, names.jobsConsumer(digest))
      .catch(() => {});
  }

  /** Creating what exists with the same settings changes nothing. */
  async #make(session: Session): Promise<void> {
    const { names, digest, ackWaitMs, ensure } = this.#options;
    await ensure(session);
    const adding = session.jsm.consumers.add(names.jobsStream, {
      durable_name: names.jobsConsumer(digest),
      // One subject: 2.9 knows no list of filters, and consumers of a work queue may not overlap.
      filter_subject: names.jobsSubject(digest),
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ackWaitMs),
      max_deliver: maxDeliveries,
      max_ack_pending: maxWaiting,
      max_waiting: maxWaiting,
      inactive_threshold: nanos(inactiveMs),
    });
    await adding.catch((error: unknown) => {
      // Other settings than ours, of another version of kvring: they stay.
      if (readNatsError(error).kind !== "exists") throw error;
    });
  }
}
