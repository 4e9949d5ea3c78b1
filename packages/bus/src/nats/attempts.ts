import { type Clock, KvringError } from "@kvring/core";
import { type NatsFailure, readNatsError } from "./errors.ts";
import type { NatsLink } from "./link.ts";
import { attemptMs, type Session } from "./session.ts";
import type { StreamPart, Topology } from "./topology.ts";

const pauseMs = 50;

/** What an operation that failed for a reason of its own makes of it. */
export type OnFailure = (failure: NatsFailure) => KvringError | undefined;

/**
 * Does one thing with JetStream as often as it takes, until it is done or its time is over.
 *
 * Whatever is attempted must bear being done twice: an attempt without an answer may have been
 * carried out. Reads are like that, and what is published under one message id.
 */
export class Attempts {
  readonly #link: NatsLink;
  readonly #topology: Topology;
  readonly #clock: Clock;

  constructor(link: NatsLink, topology: Topology, clock: Clock) {
    this.#link = link;
    this.#topology = topology;
    this.#clock = clock;
  }

  /** Throws BUS_UNAVAILABLE when `timeoutMs` are over, and what `onFailure` makes of a failure. */
  async run<T>(
    options: {
      /** For people: "appending to the control log". */
      readonly what: string;
      readonly part: StreamPart;
      readonly timeoutMs: number;
      readonly onFailure?: OnFailure;
    },
    operate: (session: Session, timeoutMs: number) => Promise<T>,
  ): Promise<T> {
    const { what, part, timeoutMs, onFailure } = options;
    const untilMs = this.#clock.nowMs() + timeoutMs;
    let why = "NATS cannot be reached";
    let cause: unknown;
    for (;;) {
      const leftMs = untilMs - this.#clock.nowMs();
      if (leftMs < 1) throw tooLate(what, timeoutMs, why, cause);
      const session = await this.#link.session(leftMs);
      try {
        await this.#topology.ensure(session, part);
        return await operate(session, Math.min(attemptMs, Math.max(1, leftMs)));
      } catch (error) {
        const failure = readNatsError(error);
        const refusal = onFailure?.(failure);
        if (refusal !== undefined) throw refusal;
        switch (failure.kind) {
          case "passing":
          case "absent":
            if (failure.kind === "absent") this.#topology.forget(session, part);
            why = failure.why;
            cause = error;
            break;
          case "final":
            throw failure.error;
          default:
            throw new KvringError("INTERNAL", `${what}: unexpected answer (${failure.kind})`, {
              cause: error,
            });
        }
      }
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(pauseMs, resolve);
    });
  }
}

function tooLate(what: string, timeoutMs: number, why: string, cause: unknown): KvringError {
  return new KvringError("BUS_UNAVAILABLE", `${what} took longer than ${timeoutMs} ms: ${why}`, {
    cause,
  });
}
