import type { Clock } from "@kvring/core";
import { silenceMs } from "./options.ts";

/** Who takes up more room than a cluster can have is not listened to. */
const maxMembers = 10_000;

/**
 * Who was heard lately, by our own clock: one watcher's view of one kind of process.
 *
 * A deaf watcher (`deaf`, `hearing`) learns nothing from silence: while our own connection is
 * down nobody leaves, and when it is back everybody has the full time to be heard again.
 */
export class Attendance {
  readonly #clock: Clock;
  readonly #onChange: (members: ReadonlyMap<string, Uint8Array>) => void;
  readonly #members = new Map<string, { readonly record: Uint8Array; heardAtMs: number }>();
  #watch: { readonly kind: "resting" | "deaf" | "stopped" } | Sweeping = { kind: "resting" };
  #changed = false;

  constructor(clock: Clock, onChange: (members: ReadonlyMap<string, Uint8Array>) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  heard(id: string, record: Uint8Array): void {
    if (this.#watch.kind === "stopped") return;
    const known = this.#members.get(id);
    if (known !== undefined && Buffer.compare(known.record, record) === 0) {
      known.heardAtMs = this.#clock.nowMs();
      return;
    }
    if (known === undefined && this.#members.size >= maxMembers) return;
    this.#members.set(id, { record: record.slice(), heardAtMs: this.#clock.nowMs() });
    if (this.#watch.kind === "resting") this.#sweepAfter(silenceMs);
    this.#change();
  }

  left(id: string): void {
    if (this.#members.delete(id)) this.#change();
  }

  deaf(): void {
    if (this.#watch.kind === "sweeping") this.#watch.cancel();
    if (this.#watch.kind !== "stopped") this.#watch = { kind: "deaf" };
  }

  hearing(): void {
    if (this.#watch.kind !== "deaf") return;
    for (const member of this.#members.values()) member.heardAtMs = this.#clock.nowMs();
    this.#watch = { kind: "resting" };
    if (this.#members.size > 0) this.#sweepAfter(silenceMs);
  }

  stop(): void {
    if (this.#watch.kind === "sweeping") this.#watch.cancel();
    this.#watch = { kind: "stopped" };
  }

  #sweepAfter(delayMs: number): void {
    const cancel = this.#clock.after(delayMs, () => this.#sweep());
    this.#watch = { kind: "sweeping", cancel };
  }

  #sweep(): void {
    this.#watch = { kind: "resting" };
    const nowMs = this.#clock.nowMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [id, member] of this.#members) {
      const leftMs = member.heardAtMs + silenceMs - nowMs;
      if (leftMs <= 0) this.left(id);
      else nextMs = Math.min(nextMs, leftMs);
    }
    if (this.#members.size > 0) this.#sweepAfter(nextMs);
  }

  /** All changes of one turn are one call: when a watcher begins, everybody answers at once. */
  #change(): void {
    if (this.#changed) return;
    this.#changed = true;
    setImmediate(() => {
      this.#changed = false;
      if (this.#watch.kind === "stopped") return;
      this.#onChange(new Map([...this.#members].map(([id, { record }]) => [id, record.slice()])));
    });
  }
}

interface Sweeping {
  readonly kind: "sweeping";
  readonly cancel: () => void;
}
