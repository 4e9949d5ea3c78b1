import type { Clock, Log } from "@kvring/core";
import { AckPolicy, nanos } from "nats";
import { type MissQueue, maxDeliveries, type Stoppable } from "../ports.ts";
import { readNatsError, whyUnreachable } from "./errors.ts";
import { JobSlot } from "./job-slot.ts";
import type { NatsLink } from "./link.ts";
import type { NatsNames } from "./names.ts";
import type { Session } from "./session.ts";

export type JobHandle = Parameters<MissQueue["consume"]>[0]["handle"];

export interface JobConsumerOptions {
  readonly digest: string;
  readonly slots: number;
  readonly handle: JobHandle;
  readonly link: Pick<NatsLink, "current" | "onSession">;
  readonly clock: Clock;
  readonly log: Log;
  readonly names: NatsNames;
  readonly ackWaitMs: number;
  ensure(session: Session): Promise<void>;
  forget(session: Session): void;
}

/** Free slots, and jobs at work, over all workers of a model: about 65 KB in the server. */
const maxWaiting = 4_096;
/** Models come and go: a consumer that nobody has asked for this long is removed by the server. */
const inactiveMs = 60 * 60_000;
const retryMs = 250;
/**
 * A replicated consumer can be left without a leader for good when its servers restart one right
 * after the other (seen with nats-server 2.9.10): everything else answers, and it never does.
 */
const silencesUntilRemoved = 3;

/**
 * The worker's side of one model's jobs: a durable pull consumer that all workers of the model
 * share, and as many slots as this one has, each asking for one job when it is free. So no more
 * jobs are fetched than can be worked on; the client's `consume()` would strand a hundred on a
 * worker that dies.
 */
export class JobConsumer implements Stoppable {
  readonly #options: JobConsumerOptions;
  readonly #slots: readonly JobSlot[];
  readonly #sessions: Stoppable;
  #state: "idle" | "preparing" | "ready" | "stopped" = "idle";
  #cancelRetry = () => {};
  #isTold = false;
  /** Attempts in a row that the consumer did not answer. */
  #silences = 0;

  constructor(options: JobConsumerOptions) {
    this.#options = options;
    const { link, clock, names, digest, handle, ackWaitMs } = options;
    this.#slots = Array.from(
      { length: options.slots },
      () =>
        new JobSlot({
          stream: names.jobsStream,
          consumer: names.jobsConsumer(digest),
          link,
          clock,
          handle,
          ackWaitMs,
          onTrouble: () => this.#trouble(),
        }),
    );
    this.#sessions = link.onSession((session) => this.#prepare(session));
  }

  /** Takes no more jobs. */
  halt(): void {
    this.#state = "stopped";
    this.#cancelRetry();
    void this.#sessions.stop();
    for (const slot of this.#slots) slot.halt();
  }

  /** Resolves when the handlers that run have ended. */
  async stop(): Promise<void> {
    this.halt();
    await Promise.all(this.#slots.map((slot) => slot.idle()));
  }

  /** A slot was told, or suspects, that the consumer or its stream is gone. */
  #trouble(): void {
    const session = this.#options.link.current;
    if (this.#state !== "ready" || session === undefined) return;
    this.#options.forget(session);
    this.#prepareLater(session);
  }

  /** Not at once: a server that answers every question with an error is not to be flooded. */
  #prepareLater(session: Session): void {
    const { link, clock } = this.#options;
    this.#state = "preparing";
    this.#cancelRetry = clock.after(retryMs, () => {
      if (session === link.current) this.#prepare(session);
    });
  }

  #prepare(session: Session): void {
    if (this.#state === "stopped") return;
    this.#state = "preparing";
    this.#cancelRetry();
    this.#create(session).then(
      () => {
        if (this.#state !== "preparing" || session !== this.#options.link.current) return;
        this.#state = "ready";
        this.#isTold = false;
        this.#silences = 0;
        for (const slot of this.#slots) slot.ask(session);
      },
      (error: unknown) => this.#retry(session, error),
    );
  }

  #retry(session: Session, error: unknown): void {
    const { link, log, digest, forget } = this.#options;
    if (this.#state !== "preparing" || session !== link.current) return;
    if (readNatsError(error).kind === "absent") forget(session);
    const why = whyUnreachable(error);
    if (!this.#isTold) log.warn({ digest, why }, "jobs cannot be taken yet; trying until they can");
    this.#isTold = true;
    this.#prepareLater(session);
  }

  /** Creating what exists with the same settings changes nothing. */
  async #create(session: Session): Promise<void> {
    const { names, digest, ackWaitMs, ensure } = this.#options;
    if (this.#silences >= silencesUntilRemoved) await this.#remove(session);
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
      const { kind } = readNatsError(error);
      if (kind === "passing") this.#silences += 1;
      if (kind !== "exists") throw error;
    });
  }

  /**
   * Makes room for a new one, if the stream itself is well. The jobs stay in the stream; those
   * that are worked on right now are delivered once more.
   */
  async #remove(session: Session): Promise<void> {
    const { names, digest, log, ensure, forget } = this.#options;
    forget(session);
    await ensure(session);
    this.#silences = 0;
    log.warn({ digest }, "the consumer of a model's jobs does not answer; making it anew");
    // Nobody is there who could confirm it.
    await session.jsm.consumers
      .delete(names.jobsStream, names.jobsConsumer(digest))
      .catch(() => {});
  }
}
