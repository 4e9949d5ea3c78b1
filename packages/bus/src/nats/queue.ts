import type { Clock, Log } from "@kvring/core";
import type { BusLimits } from "../options.ts";
import type { MissQueue, Stoppable } from "../ports.ts";
import { assertDigest, queueFull } from "../refusals.ts";
import type { Attempts } from "./attempts.ts";
import { JobConsumer } from "./job-consumer.ts";
import { JobDurable } from "./job-durable.ts";
import type { NatsLink } from "./link.ts";
import type { NatsNames } from "./names.ts";
import type { Topology } from "./topology.ts";

export interface NatsQueueOptions {
  readonly link: NatsLink;
  readonly topology: Topology;
  readonly attempts: Attempts;
  readonly names: NatsNames;
  readonly limits: BusLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeoutMs: number;
  /** How long a worker may be silent before its jobs are given to another. */
  readonly ackWaitMs: number;
}

/** The miss queue as a work-queue stream: see docs/adr-0004-miss-queue.md. */
export class NatsQueue implements MissQueue {
  readonly #options: NatsQueueOptions;
  readonly #consumers = new Set<JobConsumer>();
  /** By digest, with how many consumers here use it: one of them looks after it, not each. */
  readonly #durables = new Map<string, { readonly durable: JobDurable; users: number }>();

  constructor(options: NatsQueueOptions) {
    this.#options = options;
  }

  async publish(job: Parameters<MissQueue["publish"]>[0]): Promise<void> {
    const { digest, messageId, timeoutMs } = job;
    assertDigest(digest);
    const body = job.body.slice();
    const { attempts, names, limits } = this.#options;
    await attempts.run(
      {
        what: "publishing a job",
        part: "jobs",
        timeoutMs,
        onFailure: (failure) =>
          failure.kind === "full" ? queueFull(limits.queueJobs, limits.queueBytes) : undefined,
      },
      (session, timeout) =>
        session.js.publish(names.jobsSubject(digest), body, { msgID: messageId, timeout }),
    );
  }

  async consume(options: Parameters<MissQueue["consume"]>[0]): Promise<Stoppable> {
    assertDigest(options.digest);
    const { link, names, clock, ackWaitMs } = this.#options;
    const durable = this.#share(options.digest);
    const consumer = new JobConsumer({ ...options, durable, link, clock, names, ackWaitMs });
    this.#consumers.add(consumer);
    return {
      stop: async () => {
        if (!this.#consumers.delete(consumer)) return;
        await consumer.stop();
        await this.#release(options.digest);
      },
    };
  }

  #share(digest: string): JobDurable {
    const shared = this.#durables.get(digest);
    if (shared !== undefined) {
      shared.users += 1;
      return shared.durable;
    }
    const { topology } = this.#options;
    const durable = new JobDurable({
      ...this.#options,
      digest,
      ensure: (session) => topology.ensure(session, "jobs"),
      forget: (session) => topology.forget(session, "jobs"),
    });
    this.#durables.set(digest, { durable, users: 1 });
    return durable;
  }

  async #release(digest: string): Promise<void> {
    const shared = this.#durables.get(digest);
    if (shared === undefined) return;
    shared.users -= 1;
    if (shared.users > 0) return;
    this.#durables.delete(digest);
    await shared.durable.stop();
  }

  async depth(): Promise<number> {
    const { attempts, names, timeoutMs } = this.#options;
    const what = "asking for the depth of the miss queue";
    // Of a work queue every message is removed when it is acknowledged.
    const { state } = await attempts.run({ what, part: "jobs", timeoutMs }, (session) =>
      session.jsm.streams.info(names.jobsStream),
    );
    return state.messages;
  }

  /** Takes no more jobs. Does not wait for those at work: who wants that stops the consumer. */
  close(): void {
    for (const consumer of this.#consumers) consumer.halt();
    for (const { durable } of this.#durables.values()) void durable.stop();
  }
}
