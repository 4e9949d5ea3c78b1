import type {
  Begun,
  LinkState,
  LookupListener,
  LookupRequest,
  NodeLink,
  PutRequest,
  TokenRequest,
} from "@kvring/wire";

/** A look-up that was asked of a scripted link. */
export interface AskedLookup extends LookupListener {
  readonly request: LookupRequest;
  cancelled: boolean;
}

/** A link to a node that says what a test tells it to. */
export class ScriptedLink implements NodeLink {
  readonly nodeId: string;
  readonly address: string;
  readonly ringVersion = 0;
  state: LinkState = "up";
  heardMs = 0;
  readonly lookups: AskedLookup[] = [];
  readonly staged: (TokenRequest & { readonly input: Uint8Array })[] = [];
  readonly released: TokenRequest[] = [];
  readonly puts: PutRequest[] = [];
  /** What `stage` answers. */
  tokenIsAlive = true;

  constructor(nodeId: string) {
    this.nodeId = nodeId;
    this.address = `${nodeId}:8101`;
  }

  /** The look-up asked last. */
  get asked(): AskedLookup {
    const last = this.lookups.at(-1);
    if (last === undefined) throw new Error(`${this.nodeId} was not asked`);
    return last;
  }

  lookup(request: LookupRequest, listener: LookupListener): () => void {
    const onFound: LookupListener["onFound"] = (entry, how) => {
      // Lent for the call: whoever keeps it sees something else later.
      const lent = Buffer.from(entry);
      listener.onFound(lent, how);
      lent.fill(0xdb);
    };
    const lookup = { ...listener, onFound, request, cancelled: false };
    this.lookups.push(lookup);
    return () => {
      lookup.cancelled = true;
    };
  }

  async stage(request: TokenRequest & { readonly input: Uint8Array }): Promise<boolean> {
    this.staged.push(request);
    return this.tokenIsAlive;
  }

  async release(request: TokenRequest): Promise<boolean> {
    this.released.push(request);
    return true;
  }

  onState(): () => void {
    return () => {};
  }

  routeBy(): void {}

  async put(request: PutRequest): Promise<boolean> {
    this.puts.push(request);
    return true;
  }

  begin(_: TokenRequest): Promise<Begun> {
    throw new Error("a gateway computes nothing");
  }

  keep(_: TokenRequest): Promise<boolean> {
    throw new Error("a gateway computes nothing");
  }

  fail(_: TokenRequest): Promise<boolean> {
    throw new Error("a gateway computes nothing");
  }

  async close(): Promise<void> {}
}
