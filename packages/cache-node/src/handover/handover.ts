import type { RingMember } from "@kvring/bus";
import { type Clock, KvringError, type Log } from "@kvring/core";
import { connectNode, type NodeLink } from "@kvring/wire";
import type { Entries } from "../entries.ts";
import type { HandoverPlan } from "./handover-plan.ts";
import { Pace } from "./pace.ts";

export interface HandoverParts {
  readonly self: string;
  readonly entries: Entries;
  readonly clock: Clock;
  readonly log: Log;
  /** Entries that are given at a change of the ring, the hottest first. */
  readonly mostEntries: number;
  /** Bytes a second, so that requests do not wait for it. */
  readonly bytesPerSecond: number;
}

/** What became of one handover. */
export interface Given {
  readonly entries: number;
  readonly bytes: number;
  /** Not taken: they were known there, or there was no room. */
  readonly refused: number;
  /** False: it was broken off. */
  readonly isComplete: boolean;
}

const upTimeoutMs = 2_000;
/** Under way to all receivers together. */
const openPuts = 64;
const openBytes = 4 * 1024 * 1024;
/** Keys looked at in one turn of the event loop: 0.1 ms. */
const keysPerTurn = 256;
const keyBytes = 32;

/** Gives entries to their new owners, as they are: `born`, scopes and expiry go with them. */
export class Handover {
  readonly #parts: HandoverParts;
  readonly #plan: HandoverPlan;
  readonly #pace: Pace;
  readonly #links = new Map<string, Promise<NodeLink | undefined>>();
  readonly #open = new Set<Promise<void>>();
  #openBytes = 0;
  #entries = 0;
  #bytes = 0;
  #refused = 0;

  constructor(parts: HandoverParts, plan: HandoverPlan) {
    this.#parts = parts;
    this.#plan = plan;
    this.#pace = new Pace(parts.bytesPerSecond, parts.clock);
  }

  async run(signal: AbortSignal): Promise<Given> {
    try {
      const keys = this.#parts.entries.hottestKeys(this.#parts.mostEntries);
      for (let at = 0; at < keys.length && !signal.aborted; at += keyBytes) {
        await this.#give(keys.subarray(at, at + keyBytes));
        if (at % (keysPerTurn * keyBytes) === 0) {
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      await Promise.all(this.#open);
    } finally {
      for (const link of this.#links.values()) void link.then((one) => one?.close());
    }
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      refused: this.#refused,
      isComplete: !signal.aborted,
    };
  }

  async #give(key: Uint8Array): Promise<void> {
    for (const member of this.#plan.receivers(key)) {
      const link = await this.#reach(member);
      // Read late: what is given is what the store has then, with its age of then.
      const entry = link === undefined ? undefined : this.#parts.entries.copy(key);
      if (link === undefined || entry === undefined) continue;
      await this.#pace.spend(entry.length);
      while (this.#open.size >= openPuts || this.#openBytes > openBytes) {
        await Promise.race(this.#open);
      }
      this.#put(link, key, entry);
    }
  }

  #put(link: NodeLink, key: Uint8Array, entry: Uint8Array): void {
    this.#openBytes += entry.length;
    const put = link
      .put({ key, token: undefined, entry, store: true })
      .then(
        (kept) => {
          this.#entries += 1;
          this.#bytes += entry.length;
          if (!kept) this.#refused += 1;
        },
        () => {
          this.#refused += 1;
        },
      )
      .finally(() => {
        this.#openBytes -= entry.length;
        this.#open.delete(put);
      });
    this.#open.add(put);
  }

  /** Undefined: it cannot be reached, and is not tried again. */
  #reach(member: RingMember): Promise<NodeLink | undefined> {
    const known = this.#links.get(member.id);
    if (known !== undefined) return known;
    const link = this.#connect(member).catch((error) => {
      const { reason, message } = KvringError.from(error);
      this.#parts.log.warn({ node: member.id, reason }, `entries cannot be given: ${message}`);
      return undefined;
    });
    this.#links.set(member.id, link);
    return link;
  }

  async #connect({ id, address }: RingMember): Promise<NodeLink> {
    const { self, log, clock } = this.#parts;
    const link = connectNode({ nodeId: id, address, peerId: self, log, clock });
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(upTimeoutMs, resolve);
    link.onState(() => resolve());
    await promise;
    cancel();
    if (link.state === "up") return link;
    await link.close();
    throw new KvringError("LINK_LOST", `${id} at ${address} cannot be reached`);
  }
}
