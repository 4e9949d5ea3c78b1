import type { Clock } from "@kvring/core";
import type { BusLimits } from "../options.ts";
import { type MissQueue, maxDeliveries, type Stoppable } from "../ports.ts";
import { assertDigest, closedBus, queueFull } from "../refusals.ts";
import { Fifo } from "./fifo.ts";
import { MessageIds } from "./message-ids.ts";

interface Job {
  readonly digest: string;
  readonly body: Uint8Array;
  readonly sinceMs: number;
  deliveries: number;
}

interface Consumer {
  readonly slots: number;
  readonly handle: Parameters<MissQueue["consume"]>[0]["handle"];
  /** The handlers that run; none is started any more once `stopped` is set. */
  readonly running: Set<Promise<void>>;
  stopped: boolean;
}

/** What one model waits for, and who computes it. */
interface Lane {
  /** Given back, and so older than all others. */
  readonly again: Fifo<Job>;
  readonly fresh: Fifo<Job>;
  /** The one whose turn it is comes first. */
  readonly consumers: Set<Consumer>;
}

export class InProcessQueue implements MissQueue {
  readonly #clock: Clock;
  readonly #limits: BusLimits;
  readonly #ids: MessageIds<true>;
  readonly #lanes = new Map<string, Lane>();
  /** Jobs that wait or are worked on, and the bytes of their bodies. */
  #jobs = 0;
  #bytes = 0;
  #closed = false;

  constructor(clock: Clock, limits: BusLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#ids = new MessageIds(clock);
  }

  async publish({ digest, messageId, body }: Parameters<MissQueue["publish"]>[0]): Promise<void> {
    assertDigest(digest);
    if (this.#closed) throw closedBus();
    if (this.#ids.find(messageId)) return;
    if (!this.#fits(body)) this.#dropOld();
    if (!this.#fits(body)) throw queueFull(this.#limits.queueJobs, this.#limits.queueBytes);
    this.#ids.remember(messageId, true);
    const job = { digest, body: body.slice(), sinceMs: this.#clock.nowMs(), deliveries: 0 };
    this.#jobs += 1;
    this.#bytes += job.body.byteLength;
    this.#lane(digest).fresh.push(job);
    this.#wake(digest);
  }

  async consume(options: Parameters<MissQueue["consume"]>[0]): Promise<Stoppable> {
    const { digest, slots, handle } = options;
    assertDigest(digest);
    const consumer: Consumer = { slots, handle, running: new Set(), stopped: false };
    this.#lane(digest).consumers.add(consumer);
    this.#wake(digest);
    return {
      stop: async () => {
        consumer.stopped = true;
        this.#lanes.get(digest)?.consumers.delete(consumer);
        this.#tidy(digest);
        await Promise.allSettled(consumer.running);
      },
    };
  }

  async depth(): Promise<number> {
    if (this.#closed) throw closedBus();
    this.#dropOld();
    return this.#jobs;
  }

  close(): void {
    this.#closed = true;
    this.#lanes.clear();
  }

  #fits(body: Uint8Array): boolean {
    const { queueJobs, queueBytes } = this.#limits;
    return this.#jobs < queueJobs && this.#bytes + body.byteLength <= queueBytes;
  }

  #lane(digest: string): Lane {
    const known = this.#lanes.get(digest);
    if (known !== undefined) return known;
    const lane: Lane = { again: new Fifo(), fresh: new Fifo(), consumers: new Set() };
    this.#lanes.set(digest, lane);
    return lane;
  }

  /** A lane of which nothing is left takes no room: models come and go. */
  #tidy(digest: string): void {
    const lane = this.#lanes.get(digest);
    if (lane === undefined) return;
    if (lane.again.size + lane.fresh.size + lane.consumers.size === 0) this.#lanes.delete(digest);
  }

  #wake(digest: string): void {
    queueMicrotask(() => this.#dispatch(digest));
  }

  #dispatch(digest: string): void {
    const lane = this.#lanes.get(digest);
    if (lane === undefined || this.#closed) return;
    for (;;) {
      const consumer = [...lane.consumers].find(({ running, slots }) => running.size < slots);
      if (consumer === undefined) return;
      const job = this.#next(lane);
      if (job === undefined) return;
      // To the end of the line: whoever has a free slot gets the next one.
      lane.consumers.delete(consumer);
      lane.consumers.add(consumer);
      this.#run(job, consumer);
    }
  }

  #next(lane: Lane): Job | undefined {
    for (;;) {
      const job = lane.again.shift() ?? lane.fresh.shift();
      if (job === undefined || !this.#isOld(job)) return job;
      this.#done(job);
    }
  }

  #run(job: Job, consumer: Consumer): void {
    job.deliveries += 1;
    const { deliveries } = job;
    const given = { body: job.body.slice(), deliveries };
    const run = Promise.resolve(given)
      .then(consumer.handle)
      .then(
        () => this.#done(job),
        () => this.#failed(job),
      );
    consumer.running.add(run);
    void run.then(() => {
      consumer.running.delete(run);
      this.#wake(job.digest);
    });
  }

  /** Rejected: given again at once, but not for ever. */
  #failed(job: Job): void {
    if (job.deliveries === maxDeliveries) this.#done(job);
    else this.#lane(job.digest).again.push(job);
  }

  #done(job: Job): void {
    this.#jobs -= 1;
    this.#bytes -= job.body.byteLength;
  }

  #isOld(job: Job): boolean {
    return this.#clock.nowMs() - job.sinceMs >= this.#limits.jobAgeMs;
  }

  /** The fresh ones are in the order of their age. The few others are dropped when they are next. */
  #dropOld(): void {
    for (const [digest, { fresh }] of this.#lanes) {
      for (let job = fresh.peek(); job !== undefined && this.#isOld(job); job = fresh.peek()) {
        fresh.shift();
        this.#done(job);
      }
      this.#tidy(digest);
    }
  }
}
