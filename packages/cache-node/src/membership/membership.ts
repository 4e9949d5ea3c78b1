import {
  announceRecord,
  type Bus,
  joinRing,
  leaveRing,
  type RingMember,
  type RingRecord,
  type Stoppable,
  watchRecords,
  watchRing,
} from "@kvring/bus";
import { type Clock, KvringError, type Log } from "@kvring/core";
import { keepTrying } from "@kvring/ops";
import { RejoinPause } from "./rejoin-pause.ts";

export interface MembershipParts {
  readonly bus: Bus;
  readonly log: Log;
  readonly clock: Clock;
  readonly member: RingMember;
  /** The ring now and after every change. */
  readonly onRing: (ring: RingRecord) => void;
}

type Standing =
  | { readonly step: "outside" }
  /** On the way in, for the first time or again; `stop` ends the trying. */
  | { readonly step: "entering"; readonly stop: () => void }
  | { readonly step: "inside" }
  | { readonly step: "left" };

/**
 * A node's place in the ring, and the announcement that it lives. Who finds that he is not in the
 * ring any more, taken for dead or because the ring is gone, enters again.
 */
export class Membership {
  readonly #parts: MembershipParts;
  readonly #attached: Stoppable[] = [];
  readonly #pause: RejoinPause;
  /** The incarnations that announce themselves under our id, ours excepted. */
  #others: ReadonlySet<string> = new Set();
  #standing: Standing = { step: "outside" };
  /** The ring that we entered: older ones do not know us yet. */
  #enteredAt = 0;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.#pause = new RejoinPause();
  }

  get isJoined(): boolean {
    return this.#standing.step === "inside";
  }

  start(): void {
    this.#enter();
  }

  async leave(): Promise<void> {
    const { bus, member, log } = this.#parts;
    const { step } = this.#standing;
    this.#become({ step: "left" });
    if (step === "outside") return;
    await leaveRing(bus.registry, member.id, member.incarnation).catch((error) => {
      // Gateways notice a node that is gone by its silence, too.
      log.warn({ reason: KvringError.from(error).reason }, "the node could not leave the ring");
    });
  }

  async stop(): Promise<void> {
    this.#become({ step: "left" });
    await Promise.all(this.#attached.map((attached) => attached.stop()));
  }

  /** The only place where the standing changes; who has left stays out. */
  #become(next: Standing): void {
    if (this.#standing.step === "left") return;
    if (this.#standing.step === "entering") this.#standing.stop();
    this.#standing = next;
  }

  #enter(): void {
    const stop = keepTrying("join the ring", () => this.#join(), this.#parts.log);
    this.#become({ step: "entering", stop });
  }

  async #join(): Promise<void> {
    const { bus, member } = this.#parts;
    if (this.#attached.length === 0) await this.#attach();
    const joining = await joinRing(bus.registry, member);
    if (joining.outcome === "joined") {
      await this.#entered(joining.ring);
      return;
    }
    const { incarnation } = joining.current;
    if (this.#others.has(incarnation) || this.#enteredAt > 0) {
      throw new KvringError(
        "DUPLICATE_NODE",
        `another live node is called "${member.id}", at ${joining.current.address}: give this one another --id`,
      );
    }
    // Nobody announces itself as that incarnation: it died without leaving.
    const replaced = await joinRing(bus.registry, member, { replaces: incarnation });
    if (replaced.outcome !== "joined") {
      throw new KvringError("BUS_CONFLICT", "the ring changed while the node joined");
    }
    await this.#entered(replaced.ring);
  }

  async #entered(ring: RingRecord): Promise<void> {
    if (this.#standing.step === "left") {
      // We left while we were on the way in.
      const { bus, member } = this.#parts;
      await leaveRing(bus.registry, member.id, member.incarnation);
      return;
    }
    this.#enteredAt = ring.version;
    this.#become({ step: "inside" });
  }

  #follow(ring: RingRecord): void {
    this.#parts.onRing(ring);
    if (this.#standing.step !== "inside" || isMember(ring, this.#parts.member)) return;
    // Told late of a ring from before we came; a version that began anew is that of a lost ring.
    if (ring.version > 0 && ring.version < this.#enteredAt) return;
    const { clock, log, member } = this.#parts;
    const pauseMs = this.#pause.next(clock.nowMs());
    log.warn(
      { node: member.id, ring: ring.version, pauseMs },
      "the ring does not have this node any more: it joins again",
    );
    const stop = clock.after(pauseMs, () => this.#enter());
    this.#become({ step: "entering", stop });
  }

  /**
   * Listens before it announces itself: presence is by id, and what is heard under ours before we
   * speak is somebody else.
   */
  async #attach(): Promise<void> {
    const { bus, member } = this.#parts;
    this.#others = await this.#hear();
    const { id, incarnation, address, zone, state } = member;
    this.#attached.push(
      await watchRing(bus.registry, (ring) => this.#follow(ring)),
      await announceRecord(bus.presence, "node", { id, incarnation, address, zone, state }),
    );
  }

  async #hear(): Promise<ReadonlySet<string>> {
    const { bus, clock, member } = this.#parts;
    let incarnations: ReadonlySet<string> = new Set();
    const watch = await watchRecords(bus.presence, "node", (nodes) => {
      const other = nodes.get(member.id);
      incarnations = new Set(other === undefined ? [] : [other.incarnation]);
    });
    await new Promise<void>((resolve) => clock.after(listenMs, resolve));
    await watch.stop();
    return incarnations;
  }
}

/** Those who are asked answer at once; this is what a busy machine may take. */
const listenMs = 300;

function isMember(ring: RingRecord, { id, incarnation }: RingMember): boolean {
  return ring.members.some((one) => one.id === id && one.incarnation === incarnation);
}
