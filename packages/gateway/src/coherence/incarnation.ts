import type { Bus, LogReader, Stoppable } from "@kvring/bus";
import {
  type CoherenceEvent,
  type CoherenceOptions,
  decodeRecord,
  type Effect,
  type EndReason,
  encodeRecord,
  GatewayCore,
  type InvalidationResult,
} from "@kvring/coherence";
import { type Clock, KvringError, type Log, type ScopeId } from "@kvring/core";
import { Acknowledgements } from "./acknowledgements.ts";

export interface IncarnationParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly options: CoherenceOptions;
  readonly onLeased: () => void;
  readonly onEnded: (why: EndReason) => void;
}

interface Call {
  readonly resolve: (result: InvalidationResult) => void;
  readonly reject: (error: KvringError) => void;
}

/**
 * One life of a gateway in the protocol: carries the events of bus and clock to the pure core, and
 * carries out what the core answers. All decisions are the core's.
 */
export class Incarnation {
  readonly core: GatewayCore;
  readonly #parts: IncarnationParts;
  readonly #acknowledgements: Acknowledgements;
  readonly #calls = new Map<number, Call>();
  readonly #reader: LogReader;
  #acks: Stoppable | undefined;
  #nextCall = 1;
  #cancelTimer: () => void = () => {};
  #stopped = false;

  constructor(parts: IncarnationParts) {
    this.#parts = parts;
    this.core = new GatewayCore(parts.options);
    this.#acknowledgements = new Acknowledgements(parts.bus.courier, parts.options.id);
    this.#reader = parts.bus.log.read({
      onEpoch: (epoch, before) => {
        const isSame = epoch === this.core.position.epoch;
        this.#step(isSame ? { kind: "overtaken" } : { kind: "epoch", epoch, before });
      },
      onRecord: ({ position, subject, body }) =>
        this.#step({ kind: "record", position, record: decodeRecord(subject, body) }),
    });
    this.#acknowledgements
      .receive((from, position) => this.#step({ kind: "ack", from, position }))
      .then(async (acks) => {
        this.#acks = acks;
        if (this.#stopped) await acks.stop();
      })
      .catch((error) => {
        // Without acknowledgements an invalidation waits out D, which is always safe.
        parts.log.warn(
          { reason: KvringError.from(error).reason },
          "acknowledgements are not heard",
        );
      });
  }

  /** Throws what the core refuses it with, or DEADLINE_EXCEEDED: then nothing is promised. */
  invalidate(
    scopes: readonly ScopeId[],
    isBroad: boolean,
    timeoutMs: number,
  ): Promise<InvalidationResult> {
    return new Promise((resolve, reject) => {
      const call = this.#nextCall;
      this.#nextCall += 1;
      this.#calls.set(call, { resolve, reject });
      const deadlineMs = this.#parts.clock.nowMs() + timeoutMs;
      this.#step({ kind: "invalidate", call, scopes, isBroad, deadlineMs });
    });
  }

  /** Gives up the lease, then the place in the roster; resolves when both are gone, or in vain. */
  async leave(timeoutMs: number): Promise<void> {
    this.#step({ kind: "leave" });
    const { clock } = this.#parts;
    const untilMs = clock.nowMs() + timeoutMs;
    while (this.core.standing.kind === "leaving" && clock.nowMs() < untilMs) {
      await new Promise<void>((resolve) => clock.after(leavePollMs, resolve));
    }
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await Promise.all([this.#reader.stop(), this.#acks?.stop()]);
  }

  #step(event: CoherenceEvent): void {
    if (this.#stopped) return;
    for (const effect of this.core.step(event, this.#parts.clock.nowMs())) this.#carryOut(effect);
    this.#cancelTimer();
    if (this.#stopped) return;
    const { clock } = this.#parts;
    const wakeMs = Math.min(this.core.wakeMs - clock.nowMs(), longestTimerMs);
    this.#cancelTimer = clock.after(Math.max(0, wakeMs), () => this.#step({ kind: "tick" }));
  }

  #carryOut(effect: Effect): void {
    const { log, onLeased, onEnded } = this.#parts;
    switch (effect.kind) {
      case "append":
        this.#append(effect);
        break;
      case "ack":
        this.#acknowledgements.send(effect.to, effect.position);
        break;
      case "leased":
        onLeased();
        break;
      case "invalidated":
        this.#take(effect.call)?.resolve(effect.result);
        break;
      case "not-invalidated":
        this.#take(effect.call)?.reject(effect.error);
        break;
      case "suspect-log":
        log.warn({ why: effect.why }, "the control log is not what it was");
        break;
      case "ended":
        onEnded(effect.why);
        break;
      case "purge":
        this.#parts.bus.log.purge(effect.through).catch((error) => {
          // The next checkpoint asks for it again.
          log.warn({ reason: KvringError.from(error).reason }, "the control log was not purged");
        });
        break;
      // The bus reads without gaps by itself.
      case "reread":
        break;
    }
  }

  #append({ record, messageId, expectedLast }: Effect & { readonly kind: "append" }): void {
    const { subject, body } = encodeRecord(record);
    this.#parts.bus.log
      .append({
        subject,
        body,
        messageId,
        ...(expectedLast !== undefined && { expectedLast }),
      })
      .then(
        (position) => this.#step({ kind: "appended", messageId, position }),
        (error) => {
          const { reason } = KvringError.from(error);
          const why = reason === "BUS_CONFLICT" ? "conflict" : "unavailable";
          this.#step({ kind: "append-failed", messageId, why });
        },
      );
  }

  #take(call: number): Call | undefined {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    return waiting;
  }
}

const leavePollMs = 10;
/** Timers beyond 2^31 ms fire at once. */
const longestTimerMs = 60_000;
