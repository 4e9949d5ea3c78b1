import type { RequestRecord } from "../history/history.ts";
import type { GatewayTarget } from "./gateway-target.ts";
import type { Mix } from "./mix.ts";
import type { Question } from "./question.ts";

export interface LoadOptions {
  readonly gateways: readonly GatewayTarget[];
  readonly mix: Mix;
  readonly requestsPerSecond: number;
  /** Of every request. */
  readonly timeoutMs: number;
}

const tickMs = 10;
/** A load without a bound would make an outage its own cause. */
const mostInFlight = 2_000;

/**
 * Asks at a constant rate, whether answers come or not: a client that waited for the slow ones
 * would hide them (coordinated omission). Of the gateways that are up, the one with the least under
 * way is asked; when none is, the question is not asked.
 */
export class Load {
  readonly records: RequestRecord[] = [];
  readonly #options: LoadOptions;
  readonly #open = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #owed = 0;
  #next = 0;
  #skipped = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Questions that were not asked, for want of a gateway or since too many were open. */
  get skipped(): number {
    return this.#skipped;
  }

  start(): void {
    let lastMs = performance.now();
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      // A late tick must not be a burst of what could have been asked during a long pause.
      const elapsedMs = Math.min(nowMs - lastMs, 10 * tickMs);
      this.#owed += (elapsedMs * this.#options.requestsPerSecond) / 1000;
      lastMs = nowMs;
      for (; this.#owed >= 1; this.#owed -= 1) this.#askNext();
    }, tickMs);
  }

  /** Asks no more, and resolves when every question has its answer. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }

  /** Asks each of them once at one gateway, a few at a time. */
  async warm(gateway: GatewayTarget, questions: readonly Question[]): Promise<void> {
    const width = 16;
    for (let from = 0; from < questions.length; from += width) {
      const asked = questions.slice(from, from + width);
      await Promise.all(asked.map((question) => this.askAt(gateway, question)));
    }
  }

  /** One question more, at a certain gateway. */
  async askAt(gateway: GatewayTarget, question: Question): Promise<RequestRecord> {
    const record = await gateway.ask(question, this.#options.timeoutMs);
    this.records.push(record);
    return record;
  }

  /** One question more; throws when there is no gateway to ask. */
  async ask(question: Question): Promise<RequestRecord> {
    const gateway = this.#leastLoaded();
    if (gateway === undefined) throw new Error("no gateway is up");
    const record = await gateway.ask(question, this.#options.timeoutMs);
    const { outcome } = record;
    // Like any client with several addresses: what did not reach the one is asked of the next.
    if (outcome.kind === "failed" && !outcome.wasAsked && this.#leastLoaded() !== undefined) {
      return this.ask(question);
    }
    this.records.push(record);
    return record;
  }

  #askNext(): void {
    if (this.#leastLoaded() === undefined || this.#open.size >= mostInFlight) {
      this.#skipped += 1;
      return;
    }
    const asked = this.ask(this.#options.mix.next()).then(() => {
      this.#open.delete(asked);
    });
    this.#open.add(asked);
  }

  #leastLoaded(): GatewayTarget | undefined {
    const up = this.#options.gateways.filter(({ isUp }) => isUp);
    // In turn where they are even.
    this.#next += 1;
    const turned = up.map((_, index) => up[(index + this.#next) % up.length]);
    return turned.reduce<GatewayTarget | undefined>(
      (least, gateway) =>
        least === undefined || (gateway !== undefined && gateway.inFlight < least.inFlight)
          ? gateway
          : least,
      undefined,
    );
  }
}
