import type { KvringError } from "@kvring/core";
import type { Found } from "./link.ts";
import type { Operation, UnknownOperation } from "./operation.ts";
import type { Life } from "./result.ts";

/** Does what the peers of a node ask. Called from the event loop, one operation at a time. */
export interface ExchangeHandler {
  opened(session: ExchangeSession): void;
  /**
   * Bytes in `operation` are views that are valid during the call, but for an entry or input above
   * `limits.inlineBytes`, which is the handler's own. What it throws becomes a refusal.
   */
  operate(session: ExchangeSession, operation: KnownOperation): void;
  /** Called once; nobody hears what is answered from now on. */
  closed(session: ExchangeSession): void;
}

export type KnownOperation = Exclude<Operation, UnknownOperation>;

/** A peer with both its lanes: where its operations come from and their answers go to. */
export interface ExchangeSession {
  readonly sessionId: string;
  readonly peerId: string;
  /** The ring the peer routes by; 0: none yet. */
  readonly ringVersion: number;
  found(id: number, entry: Lent, how: Found): void;
  missing(id: number): void;
  granted(id: number, token: Uint8Array, asks: number): void;
  waiting(id: number): void;
  failed(id: number, error: KvringError): void;
  refused(id: number, error: KvringError): void;
  done(id: number, accepted: boolean): void;
  /** Undefined: the token is dead. */
  begun(id: number, begun: BegunAnswer | undefined): void;
}

/**
 * Bytes to send. Up to `limits.inlineBytes` they are copied during the call; larger ones must stay
 * as they are until `release` is called, which happens once, also when the peer is gone.
 */
export interface Lent {
  readonly bytes: Uint8Array;
  readonly life?: Life | undefined;
  readonly release?: (() => void) | undefined;
}

export interface BegunAnswer {
  readonly input: Uint8Array | undefined;
  readonly remainingMs: number;
}
