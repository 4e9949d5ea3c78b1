import {
  type CoherenceEvent,
  type CoherenceOptions,
  type Effect,
  GatewayCore,
  type Rules,
} from "@kvring/coherence";
import type { Position, ScopeId } from "@kvring/core";
import type { LogClient } from "./log-client.ts";
import type { Stored } from "./log-server.ts";
import type { Network } from "./network.ts";
import type { Process } from "./process.ts";
import type { Appointment } from "./scheduler.ts";

/** What a gateway is wired to, beside the log. */
export interface GatewayLinks {
  /** The processes that go by an id: more than one only where a rule is broken. */
  find(id: string): readonly Gateway[];
  purge(from: Process, through: Position): void;
  onLeased(): void;
  onInvalidated(call: number, position: Position): void;
  onNotInvalidated(call: number): void;
  onEnded(why: string): void;
  trace(who: string, what: CoherenceEvent | Effect): void;
}

/** The core of one gateway, wired to the simulated log and clock. */
export class Gateway {
  readonly process: Process;
  readonly id: string;
  readonly core: GatewayCore;
  readonly #network: Network;
  readonly #links: GatewayLinks;
  readonly #joinsLate: boolean;
  #log: LogClient | undefined;
  #wake: Appointment | undefined;
  #wakeMs = Number.POSITIVE_INFINITY;

  constructor(parts: {
    readonly process: Process;
    readonly network: Network;
    readonly options: CoherenceOptions;
    readonly rules: Rules;
    /** For a mutation. */
    readonly joinsLate: boolean;
    readonly links: GatewayLinks;
  }) {
    this.process = parts.process;
    this.id = parts.options.id;
    this.core = new GatewayCore(parts.options, parts.rules);
    this.#network = parts.network;
    this.#links = parts.links;
    this.#joinsLate = parts.joinsLate;
  }

  get isServing(): boolean {
    return this.process.isRunning && this.core.standing.kind === "member";
  }

  attach(log: LogClient): void {
    this.#log = log;
    log.start();
  }

  die(): void {
    this.process.die();
    this.#log?.stop();
  }

  onEpoch(epoch: number, before: number): void {
    this.#step({ kind: "epoch", epoch, before });
  }

  onRecord({ position, record }: Stored): void {
    this.#step({ kind: "record", position, record });
  }

  onOvertaken(): void {
    this.#step({ kind: "overtaken" });
  }

  leave(): void {
    this.#step({ kind: "leave" });
  }

  invalidate(call: number, scopes: readonly ScopeId[], isBroad: boolean, waitMs: number): void {
    const deadlineMs = this.process.nowMs() + waitMs;
    this.#step({ kind: "invalidate", call, scopes, isBroad, deadlineMs });
  }

  #step(event: CoherenceEvent): void {
    if (this.process.isDead) return;
    this.#links.trace(this.id, event);
    for (const effect of this.core.step(event, this.process.nowMs())) {
      this.#links.trace(this.id, effect);
      this.#carryOut(effect);
    }
    this.#arrangeWake();
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "append":
        if (effect.record.kind !== "join" || !this.#joinsLate) {
          this.#append(effect);
          return;
        }
        this.process.after(400, () => this.#append(effect));
        break;
      case "ack":
        this.#acknowledge(effect.to, effect.position);
        break;
      case "reread":
      case "suspect-log":
        this.#log?.resume();
        break;
      case "leased":
        this.#links.onLeased();
        break;
      case "invalidated":
        this.#links.onInvalidated(effect.call, effect.result.position);
        break;
      case "not-invalidated":
        this.#links.onNotInvalidated(effect.call);
        break;
      case "purge":
        this.#links.purge(this.process, effect.through);
        break;
      case "ended":
        this.#log?.stop();
        this.#links.onEnded(effect.why);
        break;
    }
  }

  #append({ messageId, record, expectedLast }: Extract<Effect, { kind: "append" }>): void {
    this.#log?.append({ messageId, record, expectedLast }, (reply) => {
      if (reply?.kind === "placed") {
        this.#step({ kind: "appended", messageId, position: reply.position });
      } else {
        const why = reply === undefined ? "unavailable" : "conflict";
        this.#step({ kind: "append-failed", messageId, why });
      }
    });
  }

  #acknowledge(to: string, position: Position): void {
    for (const gateway of this.#links.find(to)) {
      this.#network.send(this.process.id, gateway.process, () =>
        gateway.#step({ kind: "ack", from: this.id, position }),
      );
    }
  }

  #arrangeWake(): void {
    const { wakeMs } = this.core;
    if (wakeMs === this.#wakeMs) return;
    if (this.#wake !== undefined) this.#wake.isCancelled = true;
    this.#wakeMs = wakeMs;
    if (wakeMs === Number.POSITIVE_INFINITY) return;
    // A little later: by then the clock, whose rate is no whole number, shows the time for sure.
    this.#wake = this.process.after(wakeMs - this.process.nowMs() + 1e-3, () => {
      this.#wakeMs = Number.POSITIVE_INFINITY;
      this.#step({ kind: "tick" });
    });
  }
}
