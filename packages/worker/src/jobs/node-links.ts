import { KvringError } from "@kvring/core";
import type { JobOwner, NodeLink } from "@kvring/wire";

const upTimeoutMs = 1_000;

/**
 * Links to the nodes that jobs name, made when first needed. A worker does not follow the ring:
 * the job says where its answer belongs. Bounded: the link used longest ago makes room.
 */
export class NodeLinks {
  readonly #connect: (owner: JobOwner) => NodeLink;
  readonly #most: number;
  /** In order of use, the latest last. */
  readonly #links = new Map<string, NodeLink>();
  /** Waited for in vain, and not up since. */
  readonly #missing = new WeakSet<NodeLink>();

  constructor(connect: (owner: JobOwner) => NodeLink, most = 256) {
    this.#connect = connect;
    this.#most = most;
  }

  /**
   * Resolves when the link is up; throws LINK_LOST when that takes longer than a second, or took
   * that long last time: not every job shall wait for a node that is gone.
   */
  async reach(owner: JobOwner): Promise<NodeLink> {
    const link = this.#take(owner);
    if (link.state !== "up" && this.#missing.has(link)) throw lost(owner);
    return this.#whenUp(owner, link, upTimeoutMs);
  }

  /** Resolves when the link is up; throws LINK_LOST when that takes longer than `timeoutMs`. */
  async waitFor(owner: JobOwner, timeoutMs: number): Promise<NodeLink> {
    return this.#whenUp(owner, this.#take(owner), timeoutMs);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close()));
    this.#links.clear();
  }

  async #whenUp(owner: JobOwner, link: NodeLink, timeoutMs: number): Promise<NodeLink> {
    if (link.state !== "up") {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          stop();
          this.#missing.add(link);
          reject(lost(owner));
        }, timeoutMs);
        const stop = link.onState((state) => {
          if (state !== "up") return;
          clearTimeout(timer);
          stop();
          resolve();
        });
      });
    }
    this.#missing.delete(link);
    return link;
  }

  #take(owner: JobOwner): NodeLink {
    const name = `${owner.nodeId} ${owner.address}`;
    const link = this.#links.get(name) ?? this.#connect(owner);
    this.#links.delete(name);
    this.#links.set(name, link);
    for (const [oldest, old] of this.#links) {
      if (this.#links.size <= this.#most) break;
      this.#links.delete(oldest);
      void old.close();
    }
    return link;
  }
}

function lost({ nodeId, address }: JobOwner): KvringError {
  return new KvringError("LINK_LOST", `node ${nodeId} at ${address} is not there`);
}
