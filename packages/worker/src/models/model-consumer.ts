import type { MissQueue, Stoppable } from "@kvring/bus";
import type { Clock } from "@kvring/core";

type Consumer = Parameters<MissQueue["consume"]>[0];

/** Of a model this fast, a job that waits in hand for a session loses next to nothing. */
const fastMs = 20;
const slowMs = 50;
/** The mean follows the last dozen or so. */
const weight = 1 / 12;

type Width =
  | { readonly kind: "single" }
  | { readonly kind: "changing" }
  | { readonly kind: "double"; readonly extra: Stoppable };

/**
 * A worker's jobs of one model: as many in hand as it has sessions, and no more, so that no job
 * waits here while another worker is idle. But of a fast model most of a job's time is its way in
 * and out: there a second set of jobs travels while the first is computed.
 */
export class ModelConsumer implements Stoppable {
  readonly #queue: MissQueue;
  readonly #clock: Clock;
  readonly #options: Consumer;
  readonly #first: Stoppable;
  #meanMs = Number.POSITIVE_INFINITY;
  #width: Width = { kind: "single" };
  #stopped = false;

  static async start(queue: MissQueue, clock: Clock, options: Consumer): Promise<ModelConsumer> {
    let consumer: ModelConsumer | undefined;
    const handle: Consumer["handle"] = async (job) => {
      const startMs = clock.nowMs();
      try {
        await options.handle(job);
      } finally {
        if (consumer !== undefined) consumer.#took(clock.nowMs() - startMs);
      }
    };
    const first = await queue.consume({ ...options, handle });
    consumer = new ModelConsumer(queue, clock, { ...options, handle }, first);
    return consumer;
  }

  private constructor(queue: MissQueue, clock: Clock, options: Consumer, first: Stoppable) {
    this.#queue = queue;
    this.#clock = clock;
    this.#options = options;
    this.#first = first;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const extra = this.#width.kind === "double" ? this.#width.extra : undefined;
    await Promise.all([this.#first.stop(), extra?.stop()]);
  }

  #took(ms: number): void {
    const known = Number.isFinite(this.#meanMs);
    this.#meanMs = known ? this.#meanMs + (ms - this.#meanMs) * weight : ms;
    const width = this.#width;
    if (this.#stopped) return;
    if (width.kind === "single" && this.#meanMs < fastMs) void this.#widen();
    if (width.kind === "double" && this.#meanMs > slowMs) void this.#narrow(width.extra);
  }

  async #widen(): Promise<void> {
    this.#width = { kind: "changing" };
    try {
      const extra = await this.#queue.consume(this.#options);
      this.#width = { kind: "double", extra };
      if (this.#stopped) await extra.stop();
    } catch {
      // Another time: nothing depends on it. Not at once, since the bus is in trouble.
      this.#clock.after(retryMs, () => {
        this.#width = { kind: "single" };
      });
    }
  }

  async #narrow(extra: Stoppable): Promise<void> {
    this.#width = { kind: "changing" };
    await extra.stop();
    this.#width = { kind: "single" };
  }
}

const retryMs = 5_000;
