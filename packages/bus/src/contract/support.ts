import { vi } from "vitest";
import type { LogEntry } from "../ports.ts";

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
export const text = (body: Uint8Array): string => Buffer.from(body).toString();

/** 64 hex digits that begin with `start`. */
export const digest = (start: string): string => start.padEnd(64, "0");

/** A log reader's listener that remembers everything it is told. */
export class Listener {
  readonly epochs: number[] = [];
  /** The places before the first record of each. */
  readonly befores: number[] = [];
  readonly records: LogEntry[] = [];

  onEpoch = (epoch: number, before: number): void => {
    this.epochs.push(epoch);
    this.befores.push(before);
  };

  onRecord = (record: LogEntry): void => {
    this.records.push(record);
  };

  /** "sequence subject body" of all records but those that begin an epoch. */
  get lines(): string[] {
    return this.records
      .filter(({ subject }) => subject !== "epoch")
      .map(({ position, subject, body }) => `${position.sequence} ${subject} ${text(body)}`);
  }

  get sequences(): number[] {
    return this.records.map(({ position }) => position.sequence);
  }
}

/** Promises that are settled from outside, one per call. */
export class Gate {
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  arrivals = 0;

  pass(): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    this.#waiting.push(waiting);
    this.arrivals += 1;
    return waiting.promise;
  }

  open(): void {
    this.#waiting.shift()?.resolve();
  }

  refuse(): void {
    this.#waiting.shift()?.reject(new Error("refused"));
  }
}

/** Asks again and again until the check passes; what it says last after ten seconds. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 10_000, interval: 4 });
}
