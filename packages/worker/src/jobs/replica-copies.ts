import type { Log } from "@kvring/core";
import { KvringError, limits } from "@kvring/core";
import type { JobOwner, PutRequest } from "@kvring/wire";
import type { NodeLinks } from "./node-links.ts";

/** An answer without a token: nobody waits for it where it goes. */
export type Copy = Omit<PutRequest, "token">;

/**
 * Copies of answers on their way to the replicas of their keys, beside the jobs.
 *
 * No job waits for them: an owner that is slow or gone would hold a slot of every worker. When jobs
 * did, one killed node of three let each worker compute a single answer per second, and the queue
 * grew.
 *
 * Bounded: what does not fit is not sent. A copy that is missing costs a miss at one replica.
 */
export class ReplicaCopies {
  readonly #links: NodeLinks;
  readonly #log: Log;
  readonly #capacityBytes: number;
  readonly #open = new Set<Promise<void>>();
  #openBytes = 0;

  constructor(options: {
    readonly links: NodeLinks;
    readonly log: Log;
    /** What may be under way; one copy may always. Default 64 MiB. */
    readonly capacityBytes?: number;
  }) {
    this.#links = options.links;
    this.#log = options.log;
    this.#capacityBytes = options.capacityBytes ?? limits.messageBytes;
  }

  send(owner: JobOwner, copy: Copy): void {
    const bytes = copy.entry.length;
    if (this.#openBytes > 0 && this.#openBytes + bytes > this.#capacityBytes) {
      this.#log.debug({ node: owner.nodeId }, "a copy was not sent: too many are under way");
      return;
    }
    this.#openBytes += bytes;
    const sent = this.#send(owner, copy).finally(() => {
      this.#openBytes -= bytes;
      this.#open.delete(sent);
    });
    this.#open.add(sent);
  }

  /** Resolves when those that are under way have arrived or failed. */
  async idle(): Promise<void> {
    await Promise.all(this.#open);
  }

  async #send(owner: JobOwner, copy: Copy): Promise<void> {
    try {
      const link = await this.#links.reach(owner);
      await link.put({ ...copy, token: undefined });
    } catch (error) {
      // The link itself says aloud when it is lost; once for every copy would be a flood.
      const { reason, message } = KvringError.from(error);
      this.#log.debug({ node: owner.nodeId, reason }, `a copy did not arrive: ${message}`);
    }
  }
}
