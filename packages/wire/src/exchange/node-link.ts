import { type Clock, KvringError, type Log, limits } from "@kvring/core";
import type { LargeBuffers } from "../memory/large-buffers.ts";
import { Connection } from "./connection.ts";
import type {
  Begun,
  LinkState,
  LookupListener,
  LookupRequest,
  NodeLink,
  PutRequest,
  TokenRequest,
} from "./link.ts";
import type { Operation } from "./operation.ts";
import { type Call, Pending } from "./pending.ts";

export interface LinkOptions {
  readonly nodeId: string;
  /** host:port */
  readonly address: string;
  /** Who we are. */
  readonly peerId: string;
  readonly log: Log;
  readonly clock: Clock;
  /** How long anything but a lookup may take. Default 5 s. */
  readonly operationTimeoutMs?: number;
  /** How long a connection may take to come up. Default 5 s. */
  readonly helloTimeoutMs?: number;
  /** Bytes the node may send on one lane before they are taken in. Default `limits.creditBytes`. */
  readonly windowBytes?: number;
  /** Operations that may wait for the node to read them; beyond, they are refused. Default 16 MiB. */
  readonly queueBytes?: number;
  /** Values that may wait to be sent in chunks; beyond, they are refused. Default 256 MiB. */
  readonly transferBytes?: number;
  /** For large values that are found. Default: each in memory of its own. */
  readonly memory?: LargeBuffers | undefined;
}

/** The pause before the next attempt doubles from the first to the last of these. */
const firstPauseMs = 50;
const lastPauseMs = 1_000;

/** Connects, and stays connected until closed. Returns at once, in state "connecting". */
export function connectNode(options: LinkOptions): NodeLink {
  return new ExchangeLink(options);
}

type State =
  | { readonly step: "dialing"; readonly connection: Connection }
  | { readonly step: "up"; readonly connection: Connection }
  | { readonly step: "pausing"; readonly cancel: () => void }
  | { readonly step: "closed" };

class ExchangeLink implements NodeLink {
  readonly nodeId: string;
  readonly address: string;
  readonly #options: Required<Omit<LinkOptions, "memory">> & Pick<LinkOptions, "memory">;
  readonly #pending: Pending;
  readonly #listeners = new Set<(state: LinkState) => void>();
  #state: State;
  #refusal: KvringError;
  #attempts = 0;
  #lastId = 0;
  #routedBy = 0;
  #ringVersion = 0;
  #heardMs = 0;

  constructor(options: LinkOptions) {
    this.#options = {
      operationTimeoutMs: 5_000,
      helloTimeoutMs: 5_000,
      windowBytes: limits.creditBytes,
      queueBytes: 16 * 1024 * 1024,
      transferBytes: 4 * limits.messageBytes,
      ...options,
    };
    this.nodeId = options.nodeId;
    this.address = options.address;
    this.#refusal = this.#lost("it is being connected");
    this.#pending = new Pending(options.clock, this.#options.operationTimeoutMs, (id) => {
      if (this.#state.step === "up") this.#state.connection.dropBulk(id);
    });
    this.#state = this.#dial();
  }

  get state(): LinkState {
    const { step } = this.#state;
    return step === "dialing" || step === "pausing" ? "connecting" : step;
  }

  get ringVersion(): number {
    return this.#ringVersion;
  }

  get heardMs(): number {
    return this.#heardMs;
  }

  onState(listener: (state: LinkState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  routeBy(ringVersion: number): void {
    if (ringVersion === this.#routedBy) return;
    this.#routedBy = ringVersion;
    if (this.#state.step === "up") this.#state.connection.beat();
  }

  lookup(request: LookupRequest, listener: LookupListener): () => void {
    const refusal = this.#refuses();
    if (refusal !== undefined) return refuseLater(listener, refusal);
    const id = this.#nextId();
    this.#pending.addLookup(id, listener);
    this.#send({
      id,
      kind: "lookup",
      key: request.key,
      tenant: request.tenant,
      minBorn: request.minBorn,
      maxAgeMs: request.maxAgeMs,
      waitMs: Math.max(0, Math.floor(request.waitMs)),
      joinOnly: request.joinOnly ?? false,
      minTtlMs: request.minTtlMs ?? 0,
    });
    return () => {
      if (!this.#pending.cancelLookup(id)) return;
      const head = { id: this.#nextId(), key: none, tenant: "" };
      this.#send({ ...head, kind: "cancel", operationId: id });
    };
  }

  put({ key, token = none, entry, store }: PutRequest): Promise<boolean> {
    const head = { id: this.#nextId(), kind: "put", key, tenant: "", token, store } as const;
    if (entry.length <= limits.inlineBytes) {
      return this.#accepted({ ...head, entry, bulkBytes: 0 }, undefined);
    }
    return this.#accepted({ ...head, entry: none, bulkBytes: entry.length }, entry);
  }

  stage({ key, token, input }: TokenRequest & { readonly input: Uint8Array }): Promise<boolean> {
    const head = { id: this.#nextId(), kind: "stage", key, tenant: "", token } as const;
    if (input.length <= limits.inlineBytes) {
      return this.#accepted({ ...head, input, bulkBytes: 0 }, undefined);
    }
    return this.#accepted({ ...head, input: none, bulkBytes: input.length }, input);
  }

  begin({ key, token }: TokenRequest): Promise<Begun> {
    const { promise, resolve, reject } = Promise.withResolvers<Begun>();
    const operation: Operation = { id: this.#nextId(), kind: "begin", key, tenant: "", token };
    this.#ask(operation, undefined, { kind: "begun", resolve, reject });
    return promise;
  }

  keep({ key, token }: TokenRequest): Promise<boolean> {
    return this.#accepted({ id: this.#nextId(), kind: "keep", key, tenant: "", token }, undefined);
  }

  fail({ key, token, error }: TokenRequest & { readonly error: KvringError }): Promise<boolean> {
    const { reason, message } = error;
    const id = this.#nextId();
    return this.#accepted(
      { id, kind: "fail", key, tenant: "", token, reason, message: message.slice(0, maxSentence) },
      undefined,
    );
  }

  release({ key, token }: TokenRequest): Promise<boolean> {
    const id = this.#nextId();
    return this.#accepted({ id, kind: "release", key, tenant: "", token }, undefined);
  }

  async close(): Promise<void> {
    const state = this.#state;
    if (state.step === "closed") return;
    if (state.step === "pausing") state.cancel();
    else state.connection.close();
    this.#refusal = this.#lost("it was closed");
    this.#setState({ step: "closed" });
    this.#pending.fail(this.#refusal);
  }

  #accepted(operation: Operation, bulk: Uint8Array | undefined): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    this.#ask(operation, bulk, { kind: "accepted", resolve, reject });
    return promise;
  }

  #ask(operation: Operation, bulk: Uint8Array | undefined, call: Call): void {
    const refusal = this.#refuses() ?? this.#refusesBulk(bulk?.length ?? 0);
    if (refusal !== undefined) {
      call.reject(refusal);
      return;
    }
    this.#pending.addCall(operation.id, call);
    if (bulk === undefined) this.#send(operation);
    else if (this.#state.step === "up") this.#state.connection.sendBulk(operation, bulk);
  }

  #send(operation: Operation): void {
    if (this.#state.step === "up") this.#state.connection.send(operation);
  }

  #refuses(): KvringError | undefined {
    if (this.#state.step !== "up") return this.#refusal;
    if (this.#state.connection.queuedBytes <= this.#options.queueBytes) return undefined;
    return new KvringError(
      "QUEUE_FULL",
      `${this.#options.queueBytes} bytes of operations wait for ${this.nodeId}, which does not read: ask another owner`,
    );
  }

  #refusesBulk(bytes: number): KvringError | undefined {
    if (bytes > limits.messageBytes) {
      return new KvringError(
        "MESSAGE_TOO_LARGE",
        `a value of ${bytes} bytes cannot be sent, at most ${limits.messageBytes} can`,
      );
    }
    const { transferBytes } = this.#options;
    if (this.#state.step !== "up") return this.#refusal;
    if (this.#state.connection.transferBytes + bytes <= transferBytes) return undefined;
    return new KvringError(
      "QUEUE_FULL",
      `more than ${transferBytes} bytes of large values wait for ${this.nodeId}: send less at a time`,
    );
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #dial(): State {
    const { nodeId, address, peerId, clock, helloTimeoutMs, windowBytes, memory } = this.#options;
    this.#attempts += 1;
    const connection = new Connection({
      nodeId,
      address,
      peerId,
      clock,
      helloTimeoutMs,
      windowBytes,
      memory,
      routedBy: () => this.#routedBy,
      onUp: () => this.#up(connection),
      onLost: (error) => this.#pause(error),
      onRing: (version) => {
        this.#ringVersion = version;
      },
      onHeard: () => {
        this.#heardMs = clock.nowMs();
      },
      onResult: (result) => this.#pending.settle(result),
      isAwaited: (id) => this.#pending.has(id),
    });
    return { step: "dialing", connection };
  }

  #up(connection: Connection): void {
    this.#attempts = 0;
    this.#setState({ step: "up", connection });
    this.#options.log.info({ node: this.nodeId, address: this.address }, "a node is linked");
  }

  #pause(error: KvringError): void {
    const wasUp = this.#state.step === "up";
    const pauseMs = Math.min(lastPauseMs, firstPauseMs * 2 ** Math.max(0, this.#attempts - 1));
    // Jitter: gateways that lost a node together shall not come back together.
    const cancel = this.#options.clock.after(pauseMs * (0.5 + Math.random() / 2), () =>
      this.#setState(this.#dial()),
    );
    this.#refusal = this.#lost(error.message, error);
    this.#setState({ step: "pausing", cancel });
    const { log } = this.#options;
    const fields = { node: this.nodeId, address: this.address, reason: error.reason };
    if (wasUp || this.#attempts === 1) log.warn(fields, this.#refusal.message);
    else log.debug(fields, this.#refusal.message);
    this.#pending.fail(this.#refusal);
  }

  #lost(why: string, cause?: KvringError): KvringError {
    return new KvringError("LINK_LOST", `no link to ${this.nodeId} (${this.address}): ${why}`, {
      cause,
    });
  }

  #setState(state: State): void {
    const before = this.state;
    this.#state = state;
    if (this.state === before) return;
    for (const listener of [...this.#listeners]) listener(this.state);
  }
}

const none = new Uint8Array();
const maxSentence = 1_000;

/** Not at once: a listener hears nothing before `lookup` has returned. */
function refuseLater(listener: LookupListener, refusal: KvringError): () => void {
  let cancelled = false;
  queueMicrotask(() => {
    if (!cancelled) listener.onRefused(refusal);
  });
  return () => {
    cancelled = true;
  };
}
