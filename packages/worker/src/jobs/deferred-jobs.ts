import { setTimeout as pause } from "node:timers/promises";
import { KvringError, type Log } from "@kvring/core";
import type { JobOwner, NodeLink } from "@kvring/wire";
import type { NodeLinks } from "./node-links.ts";

/** Longer than a node needs to come back and be linked again. */
const patienceMs = 10_000;
const retryMs = 250;
const most = 1_024;

/**
 * Jobs whose holder this worker could not reach. Its link is not the gateways': after a restart
 * they may be linked again, have asked, and wait, while this worker's next attempt is a second
 * away. A job dropped then would leave them waiting until their deadlines.
 *
 * Not given back to the queue either: it takes what comes back twice for what killed two workers.
 */
export class DeferredJobs {
  readonly #links: NodeLinks;
  readonly #log: Log;
  readonly #open = new Set<Promise<void>>();

  constructor(options: { readonly links: NodeLinks; readonly log: Log }) {
    this.#links = options.links;
    this.#log = options.log;
  }

  /**
   * Attempts the job again until that does not throw, for ten seconds; then calls `onLost`. False:
   * there is no room, and the job is somebody else's.
   */
  defer(owner: JobOwner, attempt: (link: NodeLink) => Promise<void>, onLost: () => void): boolean {
    if (this.#open.size >= most) return false;
    const done = this.#attempt(owner, attempt, onLost).finally(() => this.#open.delete(done));
    this.#open.add(done);
    return true;
  }

  /** Resolves when every job has ended one way or the other, or the time is over. */
  async idle(timeoutMs: number): Promise<void> {
    const impatience = new AbortController();
    const { signal } = impatience;
    const late = pause(timeoutMs, undefined, { signal }).catch(() => {});
    await Promise.race([late, Promise.all(this.#open)]);
    impatience.abort();
  }

  async #attempt(
    owner: JobOwner,
    attempt: (link: NodeLink) => Promise<void>,
    onLost: () => void,
  ): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    for (let leftMs = patienceMs; leftMs > 0; leftMs = untilMs - performance.now()) {
      try {
        await attempt(await this.#links.waitFor(owner, leftMs));
        return;
      } catch (error) {
        const { reason, message } = KvringError.from(error);
        this.#log.debug({ node: owner.nodeId, reason }, `a job is not begun yet: ${message}`);
      }
      await pause(retryMs);
    }
    this.#log.warn({ node: owner.nodeId }, "a job was given up: its holder cannot be reached");
    onLost();
  }
}
