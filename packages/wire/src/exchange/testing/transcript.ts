import type { KvringError } from "@kvring/core";
import type { Found, LookupListener } from "../link.ts";

/** Writes down what a lookup is told, and copies the entry. */
export class Transcript implements LookupListener {
  readonly lines: string[] = [];
  /** The last line. */
  readonly end: Promise<string>;
  entry: Buffer | undefined;
  readonly #resolve: (line: string) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.end = promise;
    this.#resolve = resolve;
  }

  onGranted(token: Uint8Array): void {
    this.lines.push(`granted ${Buffer.from(token).toString("hex")}`);
  }

  onWaiting(): void {
    this.lines.push("waiting");
  }

  onFound(entry: Uint8Array, { waited }: Found): void {
    this.entry = Buffer.from(entry);
    const text = this.entry.subarray(0, 20).toString("latin1");
    this.#final(`found ${text}${waited ? " waited" : ""}`);
  }

  onMissing(): void {
    this.#final("missing");
  }

  onFailed(error: KvringError): void {
    this.#final(`failed ${error.reason}: ${error.message}`);
  }

  onRefused(error: KvringError): void {
    this.#final(`refused ${error.reason}: ${error.message}`);
  }

  #final(line: string): void {
    this.lines.push(line);
    this.#resolve(line);
  }
}
