import assert from "node:assert";
import { type Clock, KvringError, type Log } from "@kvring/core";
import type { Msg, Subscription } from "nats";
import type { Courier, Stoppable } from "../ports.ts";
import { checkCourierBody, noAnswer, nobodyServes } from "../refusals.ts";
import { headersOf } from "./delivery.ts";
import { readNatsError } from "./errors.ts";
import { guarded, respond } from "./guard.ts";
import type { NatsLink } from "./link.ts";
import type { NatsNames } from "./names.ts";
import { flushed } from "./session.ts";

type Handle = (body: Uint8Array) => Promise<Uint8Array>;

/** Says in an answer that it is an error: the reason; the sentence is the body. */
const reasonHeader = "Kvring-Reason";

/** Requests and answers over core NATS: nothing is stored, who is not there is not waited for. */
export class NatsCourier implements Courier {
  readonly #link: NatsLink;
  readonly #names: NatsNames;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #served = new Map<string, Stoppable>();

  constructor(link: NatsLink, names: NatsNames, clock: Clock, log: Log) {
    this.#link = link;
    this.#names = names;
    this.#clock = clock;
    this.#log = log;
  }

  async serve(address: string, handle: Handle): Promise<Stoppable> {
    assert(!this.#served.has(address), `the courier address "${address}" is served already`);
    let subscription: Subscription | undefined;
    const sessions = this.#link.onSession((session) => {
      subscription?.unsubscribe();
      subscription = session.nc.subscribe(this.#names.courierSubject(address), {
        callback: guarded((error, msg) => {
          if (error === null) void this.#answer(handle, msg);
          else this.#log.error({ address, error: error.message }, "a courier address is refused");
        }),
      });
    });
    const served: Stoppable = {
      stop: async () => {
        subscription?.unsubscribe();
        this.#served.delete(address);
        await sessions.stop();
      },
    };
    this.#served.set(address, served);
    // Whoever is told the address may ask through another server connection before ours is read.
    const nc = this.#link.current?.nc;
    if (nc !== undefined) await flushed(nc);
    return served;
  }

  async request(address: string, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    checkCourierBody(body);
    const copy = body.slice();
    const sinceMs = this.#clock.nowMs();
    const { nc } = await this.#link.session(timeoutMs);
    const timeout = Math.max(1, timeoutMs - (this.#clock.nowMs() - sinceMs));
    try {
      const answer = await nc.request(this.#names.courierSubject(address), copy, { timeout });
      const reason = answer.headers?.get(reasonHeader) ?? "";
      if (reason !== "") throw KvringError.fromWire(reason, Buffer.from(answer.data).toString());
      return answer.data.slice();
    } catch (error) {
      const failure = readNatsError(error);
      if (failure.kind === "final") throw failure.error;
      throw failure.kind === "absent" ? nobodyServes(address) : noAnswer(address, timeoutMs);
    }
  }

  async close(): Promise<void> {
    for (const served of this.#served.values()) await served.stop();
  }

  async #answer(handle: Handle, msg: Msg): Promise<void> {
    try {
      const answer = await handle(msg.data.slice());
      checkCourierBody(answer);
      respond(msg, answer.slice());
    } catch (thrown) {
      const { reason, message } = KvringError.from(thrown);
      respond(msg, Buffer.from(message), { headers: headersOf({ [reasonHeader]: reason }) });
    }
  }
}
