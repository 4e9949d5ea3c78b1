import assert from "node:assert/strict";
import { GatewayCore } from "../gateway-core.ts";
import type { CoherenceEvent, Effect } from "../messages.ts";
import { type CoherenceOptions, defaultCoherenceOptions } from "../options.ts";
import type { WrittenRecord } from "../record-codec.ts";
import { subjectOf } from "../records.ts";

type Append = Extract<Effect, { kind: "append" }>;

export const epoch = 7;

/** A log without delays or failures, unless a test wants them, for a few gateways at one clock. */
export class Tape {
  nowMs = 1_000;
  readonly gateways = new Map<string, GatewayCore>();
  /** What gateways wanted, acknowledgements and appends apart. */
  readonly effects: { readonly gateway: string; readonly effect: Effect }[] = [];
  /** Gateways that get and send nothing. */
  readonly cut = new Set<string>();
  readonly records: { readonly subject: string; readonly record: WrittenRecord }[] = [];

  start(id: string, options: Partial<CoherenceOptions> = {}): GatewayCore {
    const gateway = new GatewayCore({ ...defaultCoherenceOptions, ...options, id });
    this.gateways.set(id, gateway);
    this.step(id, { kind: "epoch", epoch, before: 0 });
    for (let sequence = 1; sequence <= this.records.length; sequence += 1) this.#give(id, sequence);
    return gateway;
  }

  /** Takes what the gateway wants as done, with all that follows. */
  step(id: string, event: CoherenceEvent): void {
    const gateway = this.gateways.get(id);
    assert(gateway !== undefined, "the gateway was started");
    for (const effect of gateway.step(event, this.nowMs)) {
      if (effect.kind === "append") this.#append(id, effect);
      else if (effect.kind === "ack") this.#acknowledge(id, effect);
      else this.effects.push({ gateway: id, effect });
    }
  }

  /** Lets time pass, with the ticks that gateways asked for. */
  wait(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const next = [...this.gateways]
        .filter(([id, { wakeMs }]) => !this.cut.has(id) && wakeMs <= untilMs)
        .sort(([, one], [, other]) => one.wakeMs - other.wakeMs)[0];
      if (next === undefined) break;
      this.nowMs = Math.max(this.nowMs, next[1].wakeMs);
      this.step(next[0], { kind: "tick" });
    }
    this.nowMs = untilMs;
  }

  /** What came of effects of one kind, oldest first; they are forgotten. */
  take<Kind extends Effect["kind"]>(kind: Kind): Extract<Effect, { kind: Kind }>[] {
    const taken: Extract<Effect, { kind: Kind }>[] = [];
    const rest = this.effects.filter(({ effect }) => {
      if (effect.kind !== kind) return true;
      taken.push(effect as Extract<Effect, { kind: Kind }>);
      return false;
    });
    this.effects.length = 0;
    this.effects.push(...rest);
    return taken;
  }

  write(record: WrittenRecord): number {
    this.records.push({ subject: subjectOf(record), record });
    const sequence = this.records.length;
    for (const id of this.gateways.keys()) this.#give(id, sequence);
    return sequence;
  }

  #append(id: string, { messageId, record, expectedLast }: Append): void {
    if (this.cut.has(id)) {
      this.step(id, { kind: "append-failed", messageId, why: "unavailable" });
      return;
    }
    const subject = subjectOf(record);
    const last = this.records.findLastIndex((one) => one.subject === subject) + 1;
    if (expectedLast !== undefined && expectedLast !== last) {
      this.step(id, { kind: "append-failed", messageId, why: "conflict" });
      return;
    }
    const sequence = this.write(record);
    this.step(id, { kind: "appended", messageId, position: { epoch, sequence } });
  }

  #acknowledge(from: string, { to, position }: Extract<Effect, { kind: "ack" }>): void {
    if (this.cut.has(from) || this.cut.has(to) || !this.gateways.has(to)) return;
    this.step(to, { kind: "ack", from, position });
  }

  #give(id: string, sequence: number): void {
    const stored = this.records[sequence - 1];
    assert(stored !== undefined, "what is given was written");
    if (this.cut.has(id)) return;
    this.step(id, { kind: "record", position: { epoch, sequence }, record: stored.record });
  }
}
