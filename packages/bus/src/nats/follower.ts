import type { Clock, Log } from "@kvring/core";
import {
  AckPolicy,
  type ConsumerConfig,
  createInbox,
  type Msg,
  nanos,
  type Subscription,
} from "nats";
import type { Stoppable } from "../ports.ts";
import {
  type Delivery,
  messageIdHeader,
  operationHeader,
  readDelivery,
  readSignal,
} from "./delivery.ts";
import { whyUnreachable } from "./errors.ts";
import { guarded, loudly, respond } from "./guard.ts";
import type { NatsLink } from "./link.ts";
import type { Session } from "./session.ts";

export interface Followed {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly messageId: string;
  readonly operation: string;
  readonly delivery: Delivery;
}

export interface FollowerOptions {
  readonly link: Pick<NatsLink, "current" | "onSession">;
  readonly clock: Clock;
  readonly log: Log;
  readonly stream: string;
  /** Asked before every consumer: where it is to begin. Throws when it cannot tell yet. */
  begin(session: Session, isCurrent: () => boolean): Promise<Partial<ConsumerConfig>>;
  onMessage(message: Followed): void;
  /** Everything that was there when the consumer began has been given. */
  onCaughtUp?(): void;
}

/** One consumer's life. */
interface Run {
  subscription: Subscription | undefined;
  /** Invariant: everything that this consumer gave up to here was passed on, in order. */
  given: number;
  heardAtMs: number;
  cancelWatch: () => void;
}

type FollowerState =
  | { readonly kind: "waiting"; readonly cancel: () => void }
  | { readonly kind: "running"; readonly run: Run }
  | { readonly kind: "stopped" };

const heartbeatMs = 500;
/** Three heartbeats missed: the consumer is gone, with its leader or its stream. */
const silenceMs = 1_600;
const retryMs = 250;

/**
 * Follows a stream through a consumer without acknowledgements that exists as long as it works:
 * on a gap in its sequence, on silence, and on every new connection it is replaced by another one.
 * The client's own ordered consumer does the same, but notices a dead leader after 10 s.
 */
export class Follower implements Stoppable {
  readonly #options: FollowerOptions;
  readonly #sessions: Stoppable;
  #state: FollowerState = { kind: "waiting", cancel() {} };

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#sessions = options.link.onSession((session) => this.#start(session));
  }

  async stop(): Promise<void> {
    this.#setState({ kind: "stopped" });
    await this.#sessions.stop();
  }

  /** What was given is no longer enough to go on from: asks `begin` again. */
  restart(why: string): void {
    if (this.#state.kind === "stopped") return;
    this.#options.log.warn({ stream: this.#options.stream, why }, "reading a stream anew");
    const session = this.#options.link.current;
    if (session !== undefined) this.#start(session);
  }

  #setState(next: FollowerState): void {
    const before = this.#state;
    if (before.kind === "stopped") return;
    if (before.kind === "waiting") before.cancel();
    if (before.kind === "running") {
      before.run.cancelWatch();
      // Unwanted messages find nobody, and the server removes a consumer that nobody listens to.
      before.run.subscription?.unsubscribe();
    }
    this.#state = next;
  }

  #isCurrent(run: Run): boolean {
    return this.#state.kind === "running" && this.#state.run === run;
  }

  #start(session: Session): void {
    if (this.#state.kind === "stopped") return;
    const heardAtMs = this.#options.clock.nowMs();
    const run: Run = { subscription: undefined, given: 0, heardAtMs, cancelWatch() {} };
    this.#setState({ kind: "running", run });
    this.#run(session, run).catch((error: unknown) => {
      if (!this.#isCurrent(run)) return;
      const { log, stream, clock, link } = this.#options;
      log.debug({ stream, why: whyUnreachable(error) }, "a stream cannot be read yet");
      const cancel = clock.after(retryMs, () => {
        if (link.current !== undefined) this.#start(link.current);
      });
      this.#setState({ kind: "waiting", cancel });
    });
  }

  async #run(session: Session, run: Run): Promise<void> {
    const { stream, begin, onCaughtUp } = this.#options;
    const from = await begin(session, () => this.#isCurrent(run));
    if (!this.#isCurrent(run)) return;
    const inbox = createInbox();
    run.subscription = session.nc.subscribe(inbox, {
      callback: guarded((error, msg) => {
        if (error === null && this.#isCurrent(run)) this.#receive(run, msg);
      }),
    });
    this.#watch(run);
    const { num_pending: pending } = await session.jsm.consumers.add(stream, {
      ...from,
      deliver_subject: inbox,
      ack_policy: AckPolicy.None,
      max_deliver: 1,
      idle_heartbeat: nanos(heartbeatMs),
      flow_control: true,
      mem_storage: true,
      num_replicas: 1,
    });
    if (this.#isCurrent(run) && pending === 0 && run.given === 0) loudly(() => onCaughtUp?.());
  }

  #receive(run: Run, msg: Msg): void {
    run.heardAtMs = this.#options.clock.nowMs();
    const signal = readSignal(msg);
    if (signal === undefined) this.#give(run, msg);
    else if (signal.kind === "flow") respond(msg);
    else if (signal.kind === "heartbeat") {
      if (signal.stalled !== undefined) this.#options.link.current?.nc.publish(signal.stalled);
      if (signal.lastGiven !== run.given) this.restart("messages were lost");
    } else this.restart(`${signal.code} ${signal.text}`);
  }

  #give(run: Run, msg: Msg): void {
    const delivery = readDelivery(msg.reply);
    if (delivery?.consumerSequence !== run.given + 1) {
      this.restart("messages were lost");
      return;
    }
    run.given = delivery.consumerSequence;
    this.#options.onMessage({
      subject: msg.subject,
      body: msg.data.slice(),
      messageId: msg.headers?.get(messageIdHeader) ?? "",
      operation: msg.headers?.get(operationHeader) ?? "",
      delivery,
    });
    if (delivery.pending === 0 && this.#isCurrent(run)) this.#options.onCaughtUp?.();
  }

  /** While we are cut off ourselves, silence says nothing: the next connection starts anew. */
  #watch(run: Run): void {
    const { clock, link } = this.#options;
    const silentMs = clock.nowMs() - run.heardAtMs;
    const waitMs = silentMs < silenceMs ? silenceMs - silentMs : silenceMs;
    run.cancelWatch = clock.after(waitMs, () => {
      if (!this.#isCurrent(run)) return;
      const silent = clock.nowMs() - run.heardAtMs >= silenceMs;
      if (silent && link.current !== undefined) this.restart("its consumer is gone");
      else this.#watch(run);
    });
  }
}
