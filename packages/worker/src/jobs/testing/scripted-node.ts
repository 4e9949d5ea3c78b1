import type { KvringError } from "@kvring/core";
import type { Begun, LinkState, NodeLink, PutRequest, TokenRequest } from "@kvring/wire";

/** A link to a node that says what a test tells it to, and writes down what it is asked. */
export class ScriptedNode implements NodeLink {
  readonly nodeId: string;
  readonly address: string;
  readonly ringVersion = 0;
  readonly heardMs = 0;
  begun: Begun = { alive: true, input: undefined, remainingMs: 1_000 };
  /** What every operation throws; undefined: it works. */
  broken: KvringError | undefined;
  readonly begins: TokenRequest[] = [];
  readonly keeps: TokenRequest[] = [];
  readonly puts: PutRequest[] = [];
  readonly failures: (TokenRequest & { readonly error: KvringError })[] = [];
  closed = false;
  #state: LinkState;
  readonly #listeners = new Set<(state: LinkState) => void>();

  constructor(nodeId: string, state: LinkState = "up") {
    this.nodeId = nodeId;
    this.address = `${nodeId}:8101`;
    this.#state = state;
  }

  get state(): LinkState {
    return this.#state;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  become(state: LinkState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  onState(listener: (state: LinkState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async begin(request: TokenRequest): Promise<Begun> {
    this.begins.push(request);
    if (this.broken !== undefined) throw this.broken;
    return this.begun;
  }

  async keep(request: TokenRequest): Promise<boolean> {
    this.keeps.push(request);
    return true;
  }

  async put(request: PutRequest): Promise<boolean> {
    this.puts.push({ ...request, entry: request.entry.slice() });
    if (this.broken !== undefined) throw this.broken;
    return true;
  }

  async fail(request: TokenRequest & { readonly error: KvringError }): Promise<boolean> {
    this.failures.push(request);
    if (this.broken !== undefined) throw this.broken;
    return true;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.become("closed");
  }

  routeBy(): void {}

  lookup(): () => void {
    throw new Error("a worker looks nothing up");
  }

  stage(): Promise<boolean> {
    throw new Error("a worker stages nothing");
  }

  release(): Promise<boolean> {
    throw new Error("a worker was granted nothing");
  }
}
