import type { Clock } from "@kvring/core";
import { createInbox, type Msg, nanos, type Subscription } from "nats";
import { maxDeliveries } from "../ports.ts";
import { acknowledgement, readDelivery, readSignal } from "./delivery.ts";
import { guarded, respond } from "./guard.ts";
import type { JobHandle } from "./job-consumer.ts";
import type { NatsLink } from "./link.ts";
import type { Session } from "./session.ts";

export interface JobSlotOptions {
  readonly stream: string;
  readonly consumer: string;
  readonly link: Pick<NatsLink, "current">;
  readonly clock: Clock;
  readonly handle: JobHandle;
  readonly ackWaitMs: number;
  onTrouble(): void;
}

type SlotState =
  | { readonly kind: "idle" }
  /** One job was asked for under this subscription. */
  | { readonly kind: "asking"; readonly subscription: Subscription; readonly cancel: () => void }
  | { readonly kind: "working" }
  | { readonly kind: "stopped" };

/** How long the server keeps our question; a leader that died is noticed this much later. */
const askMs = 3_000;
/** How much later than that its answer may arrive. */
const graceMs = 1_000;

/** Works on one job at a time. */
export class JobSlot {
  readonly #options: JobSlotOptions;
  #state: SlotState = { kind: "idle" };
  #work: Promise<void> = Promise.resolve();

  constructor(options: JobSlotOptions) {
    this.#options = options;
  }

  /** Asks for a job, unless it works on one. */
  ask(session: Session): void {
    if (this.#state.kind === "working" || this.#state.kind === "stopped") return;
    // An inbox per question: an answer to an earlier one that we gave up must not be taken for
    // this one's. The server gives no job to a question whose inbox is gone.
    const inbox = createInbox();
    const subscription = session.nc.subscribe(inbox, {
      callback: guarded((error, msg) => {
        if (this.#state.kind !== "asking" || this.#state.subscription !== subscription) return;
        if (error === null) this.#receive(session, msg);
        else this.#trouble();
      }),
    });
    const cancel = this.#options.clock.after(askMs + graceMs, () => this.#trouble());
    this.#setState({ kind: "asking", subscription, cancel });
    const { stream, consumer } = this.#options;
    const question = { batch: 1, expires: nanos(askMs) };
    session.nc.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      Buffer.from(JSON.stringify(question)),
      { reply: inbox },
    );
  }

  halt(): void {
    this.#setState({ kind: "stopped" });
  }

  /** Resolves when the handler that runs, if any, has ended and its job was acknowledged. */
  idle(): Promise<void> {
    return this.#work;
  }

  #setState(next: SlotState): void {
    if (this.#state.kind === "stopped") return;
    if (this.#state.kind === "asking") {
      this.#state.cancel();
      this.#state.subscription.unsubscribe();
    }
    this.#state = next;
  }

  #receive(session: Session, msg: Msg): void {
    const delivery = readDelivery(msg.reply);
    if (delivery !== undefined) {
      this.#setState({ kind: "working" });
      this.#work = this.#run(msg, delivery.deliveries);
      return;
    }
    const signal = readSignal(msg);
    // 408: nothing came in the time we gave it. Everything else needs a look at the consumer.
    if (signal?.kind === "status" && signal.code === 408) this.ask(session);
    else this.#trouble();
  }

  #trouble(): void {
    this.#setState({ kind: "idle" });
    this.#options.onTrouble();
  }

  async #run(msg: Msg, deliveries: number): Promise<void> {
    const keeping = this.#keep(msg);
    try {
      await Promise.resolve({ body: msg.data.slice(), deliveries }).then(this.#options.handle);
      respond(msg, acknowledgement.done);
    } catch {
      const isLast = deliveries >= maxDeliveries;
      respond(msg, isLast ? acknowledgement.never : acknowledgement.again);
    } finally {
      keeping.stop();
    }
    this.#setState({ kind: "idle" });
    const session = this.#options.link.current;
    if (session !== undefined) this.ask(session);
  }

  /** Tells the server that we live, three times in the time after which it gives us up. */
  #keep(msg: Msg): { stop(): void } {
    const { clock, ackWaitMs, link } = this.#options;
    const again = () =>
      clock.after(ackWaitMs * 0.35, () => {
        if (link.current !== undefined) respond(msg, acknowledgement.working);
        cancel = again();
      });
    let cancel = again();
    return { stop: () => cancel() };
  }
}
