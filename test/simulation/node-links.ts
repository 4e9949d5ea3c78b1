import type { Dispatch } from "./ask.ts";
import type { Entry } from "./entry.ts";
import type { Network, Receiver } from "./network.ts";
import type { Answer, CacheNode } from "./node.ts";

/** A gateway's way to the nodes that it takes for the ring. */
export class NodeLinks {
  readonly #asker: Receiver;
  readonly #network: Network;
  readonly #replicas: number;
  /** Gateways need not agree about it. */
  #view: readonly CacheNode[];

  constructor(asker: Receiver, network: Network, replicas: number, view: readonly CacheNode[]) {
    this.#asker = asker;
    this.#network = network;
    this.#replicas = replicas;
    this.#view = view;
  }

  setView(view: readonly CacheNode[]): void {
    this.#view = view;
  }

  /** The primary first. */
  owners(key: number): readonly CacheNode[] {
    const count = this.#view.length;
    const owners: CacheNode[] = [];
    for (let index = 0; index < Math.min(count, this.#replicas); index += 1) {
      const node = this.#view[(key + index) % count];
      if (node !== undefined) owners.push(node);
    }
    return owners;
  }

  /** The function returned says that nobody waits any more. */
  lookup(
    node: CacheNode,
    { key, minBorn }: Dispatch,
    waitMs: number,
    onAnswer: (answer: Answer) => void,
  ): () => void {
    const lookup = { key, minBorn, waitMs, asker: this.#asker, onAnswer };
    this.#send(node, () => node.lookup(lookup));
    return () => this.#send(node, () => node.cancel(lookup));
  }

  release(node: CacheNode, { key }: Dispatch, token: number): void {
    this.#send(node, () => node.release(key, token));
  }

  /** What a replica had is given to the primary, as it is. */
  repair(node: CacheNode, { key }: Dispatch, entry: Entry): void {
    this.#send(node, () => node.put(key, entry, undefined));
  }

  #send(node: CacheNode, run: () => void): void {
    this.#network.send(this.#asker.id, node.process, run);
  }
}
