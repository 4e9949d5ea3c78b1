import {
  type Registry,
  type RingMember,
  type RingRecord,
  type Stoppable,
  watchRing,
} from "@kvring/bus";
import type { Clock, Log, RequestKey } from "@kvring/core";
import { evenSample } from "@kvring/ring";
import { connectNode, type LargeBuffers, type NodeLink } from "@kvring/wire";
import { ReplicaCheck } from "./replica-check.ts";
import { Routes } from "./routes.ts";

/**
 * The nodes of the current ring, and a link to each. A ring that lags behind costs misses, never
 * a wrong answer, so it is followed without ceremony.
 */
export class NodeDirectory {
  readonly #links = new Map<string, NodeLink>();
  readonly #connect: (member: { id: string; address: string }) => NodeLink;
  readonly #log: Log;
  readonly #replicaCheck: ReplicaCheck;
  #routes = new Routes({ version: 0, members: [] });
  readonly #onRing: (ring: RingRecord) => void;
  #watch: Stoppable | undefined;

  constructor(options: {
    readonly peerId: string;
    readonly log: Log;
    readonly clock: Clock;
    /** Nodes that each key is to be on. */
    readonly replicas: number;
    /** For large values that nodes find. */
    readonly memory?: LargeBuffers;
    readonly onRing?: (ring: RingRecord) => void;
    /** Default: over the Exchange. */
    readonly connect?: (member: { readonly id: string; readonly address: string }) => NodeLink;
  }) {
    this.#log = options.log;
    this.#replicaCheck = new ReplicaCheck(options);
    this.#onRing = options.onRing ?? (() => {});
    const connect = ({
      id,
      address,
    }: {
      readonly id: string;
      readonly address: string;
    }): NodeLink =>
      connectNode({
        nodeId: id,
        address,
        peerId: options.peerId,
        log: options.log,
        clock: options.clock,
        memory: options.memory,
      });
    this.#connect = options.connect ?? connect;
  }

  async follow(registry: Registry): Promise<void> {
    this.#watch = await watchRing(registry, (ring) => this.#replace(ring));
  }

  async stop(): Promise<void> {
    await this.#watch?.stop();
    this.#replicaCheck.stop();
    await Promise.all([...this.#links.values()].map((link) => link.close()));
    this.#links.clear();
  }

  get ringVersion(): number {
    return this.#routes.record.version;
  }

  /** What the ring says of a node. */
  member(id: string): RingMember | undefined {
    return this.#routes.record.members.find((member) => member.id === id);
  }

  /** The share of the key space for which a node is the primary; for reports. */
  primaryShare(id: string): number {
    let own = 0;
    for (const position of sample)
      if (this.#routes.current.ownerAtPoint(position)?.id === id) own += 1;
    return own / sample.length;
  }

  /** When a node was last heard, by the clock; undefined: the ring does not have it. */
  heardMs(id: string): number | undefined {
    return this.#links.get(id)?.heardMs;
  }

  links(): readonly NodeLink[] {
    return [...this.#links.values()];
  }

  /**
   * The links to a key's owners, the primary first; those that are down too. As long as none of
   * them is reached, since all have just joined, those who held it before.
   */
  owners(key: RequestKey, replicas: number): readonly NodeLink[] {
    const owners = this.#linked(this.#routes.current.owners(key, replicas));
    if (owners.some(({ state }) => state === "up")) return owners;
    const former = this.formerOwners(key, replicas);
    return former.length > 0 ? former : owners;
  }

  /**
   * The links to those who held the key before it moved to its present primary; none unless it is
   * moving now.
   */
  formerOwners(key: RequestKey, replicas: number): readonly NodeLink[] {
    return this.#linked(this.#routes.formerOwners(key, replicas));
  }

  #linked(members: readonly { readonly id: string }[]): readonly NodeLink[] {
    const links: NodeLink[] = [];
    for (const { id } of members) {
      const link = this.#links.get(id);
      if (link !== undefined) links.push(link);
    }
    return links;
  }

  #replace(ring: RingRecord): void {
    const members = new Map(ring.members.map((member) => [member.id, member]));
    for (const [id, link] of this.#links) {
      if (members.get(id)?.address === link.address) continue;
      this.#links.delete(id);
      void link.close();
    }
    for (const member of members.values()) {
      if (!this.#links.has(member.id)) this.#links.set(member.id, this.#connect(member));
    }
    this.#routes = new Routes(ring, this.#routes);
    for (const link of this.#links.values()) link.routeBy(ring.version);
    this.#log.info({ version: ring.version, nodes: members.size }, "the ring changed");
    this.#replicaCheck.follow(members.size);
    this.#onRing(ring);
  }
}

const sample = evenSample(20_000);
