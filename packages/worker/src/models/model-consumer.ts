import type { MissQueue, Stoppable } from "@kvring/bus";
import type { Clock } from "@kvring/core";

export interface ModelConsumerOptions {
  readonly digest: string;
  /** Sessions of the model. */
  readonly slots: number;
  readonly handle: Parameters<MissQueue["consume"]>[0]["handle"];
  /** Jobs that are worth having in hand for being computed: more than sessions, where they batch. */
  appetite(): number;
}

/** Of a model this fast, a job that waits in hand for a session loses next to nothing. */
const fastMs = 20;
const slowMs = 50;
/** The mean follows the last dozen or so. */
const weight = 1 / 12;
/** How often it is seen whether all that is in hand is needed. */
const lookEvery = 64;
const retryMs = 5_000;

/** A consumer beside the first, and how many jobs it adds. */
interface Extra {
  readonly slots: number;
  readonly consumer: Stoppable;
}

/**
 * A worker's jobs of one model: as many in hand as it has sessions, and no more, so that no job
 * waits here while another worker is idle. More are taken in two cases, and only once all places
 * are in use: where jobs that wait together are computed together; and of a fast model, most of
 * whose time is its way in and out, so that a second set of jobs travels while the first is computed.
 */
export class ModelConsumer implements Stoppable {
  readonly #queue: MissQueue;
  readonly #clock: Clock;
  readonly #options: ModelConsumerOptions;
  readonly #extras: Extra[] = [];
  #first: Stoppable = { stop: () => Promise.resolve() };
  #inHand = 0;
  #ended = 0;
  /** The most in hand since the last look. */
  #peak = 0;
  /** From one job's end to the next one's, for each session. */
  #meanMs = Number.POSITIVE_INFINITY;
  #isFast = false;
  #isChanging = false;
  #isStopped = false;

  static async start(
    queue: MissQueue,
    clock: Clock,
    options: ModelConsumerOptions,
  ): Promise<ModelConsumer> {
    const consumer = new ModelConsumer(queue, clock, options);
    consumer.#first = await consumer.#consume(options.slots);
    return consumer;
  }

  private constructor(queue: MissQueue, clock: Clock, options: ModelConsumerOptions) {
    this.#queue = queue;
    this.#clock = clock;
    this.#options = options;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.#first, ...this.#extras.map(({ consumer }) => consumer)].map(stopped));
  }

  get #places(): number {
    return this.#extras.reduce((sum, { slots }) => sum + slots, this.#options.slots);
  }

  #consume(slots: number): Promise<Stoppable> {
    const { digest, handle } = this.#options;
    return this.#queue.consume({
      digest,
      slots,
      handle: async (job) => {
        const startMs = this.#clock.nowMs();
        this.#inHand += 1;
        this.#peak = Math.max(this.#peak, this.#inHand);
        try {
          await handle(job);
        } finally {
          this.#took(this.#clock.nowMs() - startMs);
          this.#inHand -= 1;
        }
      },
    });
  }

  #took(ms: number): void {
    // Of jobs that wait for each other, most of the time is the others'.
    const ownMs = (ms * this.#options.slots) / Math.max(this.#options.slots, this.#inHand);
    const known = Number.isFinite(this.#meanMs);
    this.#meanMs = known ? this.#meanMs + (ownMs - this.#meanMs) * weight : ownMs;
    this.#isFast = this.#meanMs < (this.#isFast ? slowMs : fastMs);
    this.#ended += 1;
    if (this.#isStopped || this.#isChanging) return;
    const most = this.#options.appetite() * (this.#isFast ? 2 : 1);
    const places = this.#places;
    if (places > most) void this.#narrow();
    else if (this.#peak >= places && places < most)
      void this.#widen(Math.min(places, most - places));
    else if (this.#ended % lookEvery === 0) this.#look(places);
  }

  #look(places: number): void {
    if (this.#peak <= places / 4) void this.#narrow();
    this.#peak = this.#inHand;
  }

  async #widen(slots: number): Promise<void> {
    this.#isChanging = true;
    try {
      const consumer = await this.#consume(slots);
      this.#extras.push({ slots, consumer });
      this.#peak = this.#inHand;
      this.#isChanging = false;
      if (this.#isStopped) await consumer.stop();
    } catch {
      // Another time: nothing depends on it. Not at once, since the bus is in trouble.
      this.#clock.after(retryMs, () => {
        this.#isChanging = false;
      });
    }
  }

  async #narrow(): Promise<void> {
    const extra = this.#extras.pop();
    if (extra === undefined) return;
    this.#isChanging = true;
    await extra.consumer.stop();
    this.#isChanging = false;
  }
}

function stopped(consumer: Stoppable): Promise<void> {
  return consumer.stop();
}
