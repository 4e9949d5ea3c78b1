import type { IncomingHttpHeaders } from "node:http2";
import type { sendUnaryData } from "@grpc/grpc-js";

/** What a handler of a hot method needs of a call: grpc-js' `ServerUnaryCall` is one. */
export interface UnaryCall {
  readonly request: Uint8Array;
  /** The client has gone, or was answered. */
  readonly cancelled: boolean;
  readonly metadata: { get(name: string): readonly (string | Buffer)[] };
  /** A moment of this machine's clock; Infinity without a deadline. */
  getDeadline(): Date | number;
  /** Called once, when the call is over, however it ended. */
  on(event: "cancelled", listener: () => void): unknown;
}

/**
 * Calls back once, possibly before it returns, with a frame (`grpc/message-frame.ts`) or an error, and ends
 * calls whose deadline is over.
 */
export type UnaryHandler = (call: UnaryCall, callback: sendUnaryData<Uint8Array>) => void;

/** A call that is no event emitter, and whose metadata is read only when it is asked for. */
export class PlainCall implements UnaryCall {
  readonly request: Uint8Array;
  readonly metadata: { get(name: string): readonly string[] };
  readonly #deadlineMs: number;
  #listeners: (() => void)[] = [];
  #ended = false;

  constructor(request: Uint8Array, headers: IncomingHttpHeaders, deadlineMs: number) {
    this.request = request;
    this.#deadlineMs = deadlineMs;
    this.metadata = { get: (name) => valuesOf(headers[name]) };
  }

  get cancelled(): boolean {
    return this.#ended;
  }

  getDeadline(): number {
    return this.#deadlineMs;
  }

  on(_event: "cancelled", listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Its stream has closed. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}

const none: readonly string[] = Object.freeze([]);

/** What was given several times, HTTP joins with commas; lists are split by who reads them. */
function valuesOf(value: string | string[] | undefined): readonly string[] {
  if (value === undefined) return none;
  return Array.isArray(value) ? value : [value];
}
