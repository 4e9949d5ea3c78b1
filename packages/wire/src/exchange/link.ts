import type { KvringError, Position, RequestKey } from "@kvring/core";

/**
 * A gateway's or worker's end of the Exchange with one node: two streams, one session.
 *
 * Operations of one event-loop turn travel in one message. Losing either stream fails everything
 * under way with LINK_LOST and reconnects with back-off; nothing is retried on its own, since
 * only the caller knows the next owner.
 */
export interface NodeLink {
  readonly nodeId: string;
  readonly address: string;
  readonly state: LinkState;
  /** The ring the node last said it knows; 0 before. */
  readonly ringVersion: number;
  /** When the node was last heard, by the link's clock; 0 before. */
  readonly heardMs: number;
  onState(listener: (state: LinkState) => void): () => void;
  /** Sent at once, and with every frame from now on. */
  routeBy(ringVersion: number): void;
  /** Never throws: what goes wrong arrives as `onRefused`. The returned function cancels. */
  lookup(request: LookupRequest, listener: LookupListener): () => void;
  /** Whether the node kept it. Values above the inline limit go over the bulk lane. */
  put(request: PutRequest): Promise<boolean>;
  /** Whether the token was alive, and so the input will be there for its worker. */
  stage(request: TokenRequest & { readonly input: Uint8Array }): Promise<boolean>;
  begin(request: TokenRequest): Promise<Begun>;
  keep(request: TokenRequest): Promise<boolean>;
  fail(request: TokenRequest & { readonly error: KvringError }): Promise<boolean>;
  release(request: TokenRequest): Promise<boolean>;
  close(): Promise<void>;
}

export type LinkState = "connecting" | "up" | "closed";

export interface LookupRequest {
  readonly key: RequestKey;
  readonly tenant: string;
  readonly minBorn: Position;
  readonly maxAgeMs: number | undefined;
  /** 0: neither waits nor takes a token. */
  readonly waitMs: number;
  /** Waits with a computation under way, and begins none. */
  readonly joinOnly?: boolean;
  /** Nothing with less life left will do; below 0: what expired so long ago will. Default 0. */
  readonly minTtlMs?: number;
}

/**
 * Called in this order: any number of `onWaiting` and `onGranted`, then exactly one of the others.
 * Nothing is called after a cancel, and nothing before `lookup` has returned.
 */
export interface LookupListener {
  /**
   * The answer is to be computed by us: publish the job, and go on waiting here. `asks`: how often
   * the key was asked for lately, where the node counts.
   */
  onGranted(token: Uint8Array, asks?: number): void;
  /** Somebody else has it computed. */
  onWaiting(): void;
  /** `entry` is valid during the call only: copy what is kept. */
  onFound(entry: Uint8Array, how: Found): void;
  onMissing(): void;
  /** The computation failed: this is the answer. */
  onFailed(error: KvringError): void;
  /** This node does not answer (link lost, draining, out of room …): ask the next owner. */
  onRefused(error: KvringError): void;
}

export interface Found {
  /** Whether it was computed for somebody else while we waited. */
  readonly waited: boolean;
  /** Whether the node keeps it. */
  readonly stored: boolean;
}

export interface TokenRequest {
  readonly key: RequestKey;
  readonly token: Uint8Array;
}

export interface PutRequest {
  readonly key: RequestKey;
  /** Undefined: a copy for a replica. */
  readonly token: Uint8Array | undefined;
  /** Header and body, see `encodeEntry`. */
  readonly entry: Uint8Array;
  /** False: only wakes who waits. */
  readonly store: boolean;
}

export type Begun =
  | { readonly alive: false }
  | {
      readonly alive: true;
      /** The staged input; undefined when none was staged. Its own memory. */
      readonly input: Uint8Array | undefined;
      readonly remainingMs: number;
    };
