import type { Clock } from "@kvring/core";
import type { MissQueue, Stoppable } from "../ports.ts";
import type { JobDurable } from "./job-durable.ts";
import { JobSlot } from "./job-slot.ts";
import type { NatsLink } from "./link.ts";
import type { NatsNames } from "./names.ts";

export type JobHandle = Parameters<MissQueue["consume"]>[0]["handle"];

export interface JobConsumerOptions {
  readonly digest: string;
  readonly slots: number;
  readonly handle: JobHandle;
  readonly durable: Pick<JobDurable, "onThere" | "doubt">;
  readonly link: Pick<NatsLink, "current">;
  readonly clock: Clock;
  readonly names: NatsNames;
  readonly ackWaitMs: number;
}

/**
 * The worker's side of one model's jobs: as many slots as this one has, each asking for one job
 * when it is free. So no more jobs are fetched than can be worked on; the client's `consume()`
 * would strand a hundred on a worker that dies.
 */
export class JobConsumer implements Stoppable {
  readonly #slots: readonly JobSlot[];
  readonly #asking: Stoppable;

  constructor(options: JobConsumerOptions) {
    const { link, clock, names, digest, handle, ackWaitMs, durable } = options;
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
          onTrouble: () => durable.doubt(),
        }),
    );
    this.#asking = durable.onThere((session) => {
      for (const slot of this.#slots) slot.ask(session);
    });
  }

  /** Takes no more jobs. */
  halt(): void {
    void this.#asking.stop();
    for (const slot of this.#slots) slot.halt();
  }

  /** Resolves when the handlers that run have ended. */
  async stop(): Promise<void> {
    this.halt();
    await Promise.all(this.#slots.map((slot) => slot.idle()));
  }
}
