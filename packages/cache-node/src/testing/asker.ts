import type { KvringError, Position } from "@kvring/core";
import type { Found, LookupListener, LookupRequest, NodeLink } from "@kvring/wire";

export const key = new Uint8Array(32).fill(7);
export const at = (sequence: number, epoch = 1): Position => ({ epoch, sequence });

/** What one asker is told, in order, to be awaited. */
export class Asker implements LookupListener {
  readonly lines: string[] = [];
  entry: Buffer | undefined;
  tokens: Uint8Array[] = [];
  readonly cancel: () => void;
  #told = Promise.withResolvers<void>();

  constructor(link: NodeLink, request: Partial<LookupRequest> = {}) {
    this.cancel = link.lookup(
      { key, tenant: "", minBorn: at(1), maxAgeMs: undefined, waitMs: 10_000, ...request },
      this,
    );
  }

  /** The line after those already awaited. */
  async next(): Promise<string> {
    while (this.lines.length === 0) await this.#told.promise;
    return this.lines.shift() ?? "";
  }

  get token(): Uint8Array {
    return this.tokens.at(-1) ?? new Uint8Array();
  }

  onGranted(token: Uint8Array): void {
    this.tokens.push(token);
    this.#tell("granted");
  }

  onWaiting(): void {
    this.#tell("waiting");
  }

  onFound(entry: Uint8Array, { waited }: Found): void {
    this.entry = Buffer.from(entry);
    this.#tell(waited ? "found waited" : "found");
  }

  onMissing(): void {
    this.#tell("missing");
  }

  onFailed(error: KvringError): void {
    this.#tell(`failed ${error.reason} ${error.message}`);
  }

  onRefused(error: KvringError): void {
    this.#tell(`refused ${error.reason}`);
  }

  #tell(line: string): void {
    this.lines.push(line);
    this.#told.resolve();
    this.#told = Promise.withResolvers();
  }
}
