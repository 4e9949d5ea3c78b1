import assert from "node:assert";
import { type Clock, KvringError } from "@kvring/core";
import type { Courier, Stoppable } from "../ports.ts";
import { checkCourierBody, closedBus, noAnswer, nobodyServes } from "../refusals.ts";

type Handle = (body: Uint8Array) => Promise<Uint8Array>;

export class InProcessCourier implements Courier {
  readonly #clock: Clock;
  readonly #served = new Map<string, Handle>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async serve(address: string, handle: Handle): Promise<Stoppable> {
    assert(!this.#served.has(address), `the courier address "${address}" is served already`);
    if (!this.#closed) this.#served.set(address, handle);
    return { stop: async () => void this.#served.delete(address) };
  }

  async request(address: string, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    checkCourierBody(body);
    if (this.#closed) throw closedBus();
    const handle = this.#served.get(address);
    if (handle === undefined) throw nobodyServes(address);
    const answer = this.#ask(handle, body.slice());
    const { promise, reject } = Promise.withResolvers<never>();
    const cancelTimer = this.#clock.after(timeoutMs, () => reject(noAnswer(address, timeoutMs)));
    try {
      return await Promise.race([answer, promise]);
    } finally {
      cancelTimer();
    }
  }

  close(): void {
    this.#closed = true;
    this.#served.clear();
  }

  async #ask(handle: Handle, body: Uint8Array): Promise<Uint8Array> {
    await Promise.resolve();
    try {
      const answer = await handle(body);
      checkCourierBody(answer);
      return answer.slice();
    } catch (error) {
      throw KvringError.from(error);
    }
  }
}
