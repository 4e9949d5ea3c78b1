import {
  announceRecord,
  type Bus,
  joinRing,
  leaveRing,
  type NodeRecord,
  type RecordAnnouncement,
  type RingMember,
  type RingRecord,
  type Stoppable,
  updateMember,
  watchRecords,
  watchRing,
} from "@kvring/bus";
import { type Clock, KvringError, type Log } from "@kvring/core";
import { keepTrying } from "@kvring/ops";
import { RejoinPause } from "./rejoin-pause.ts";
import { Warming } from "./warming.ts";

export interface MembershipParts {
  readonly bus: Bus;
  readonly log: Log;
  readonly clock: Clock;
  readonly member: Omit<RingMember, "state">;
  /** How long others may take to give a newcomer what became its own. */
  readonly warmMs: number;
  /** The ring now and after every change. */
  readonly onRing: (ring: RingRecord) => void;
}

type Standing =
  | { readonly step: "outside" }
  /** On the way in, for the first time or again; `stop` ends the trying. */
  | { readonly step: "entering"; readonly stop: () => void }
  /** In the ring, and being given what is ours; `stop` ends the waiting for it. */
  | { readonly step: "joining"; readonly stop: () => void }
  | { readonly step: "active" }
  | { readonly step: "draining" }
  /** Never was in: another live node has our id. */
  | { readonly step: "refused"; readonly error: KvringError }
  | { readonly step: "left" };

/**
 * A node's place in the ring, and the announcement that it lives. Who finds that he is not in the
 * ring any more, taken for dead or because the ring is gone, enters again. Who comes where another
 * live node has its id is refused for good: that one goes on undisturbed.
 */
export class Membership {
  readonly #parts: MembershipParts;
  readonly #attached: Stoppable[] = [];
  readonly #pause = new RejoinPause();
  #standing: Standing = { step: "outside" };
  #ring: RingRecord = { version: 0, members: [] };
  /** The ring that we entered: older ones do not know us yet. */
  #enteredAt = 0;
  #settledRing = 0;
  #announcement: RecordAnnouncement<"node"> | undefined;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  get isJoined(): boolean {
    const { step } = this.#standing;
    return step === "joining" || step === "active";
  }

  /** Why we are not in the ring, and never will be. */
  get refusal(): KvringError | undefined {
    return this.#standing.step === "refused" ? this.#standing.error : undefined;
  }

  start(): void {
    this.#enter();
  }

  /** We have given away all that others own since that ring. */
  settled(ringVersion: number): void {
    this.#settledRing = ringVersion;
    this.#announce();
  }

  /**
   * Gives its keys to others, and stays in the ring for what is still to be read here. Tells the
   * ring that says so; undefined: there is none, as we are not in it or cannot say so.
   */
  async drain(): Promise<number | undefined> {
    const { bus, member, log } = this.#parts;
    const { step } = this.#standing;
    if (step !== "joining" && step !== "active") return undefined;
    this.#become({ step: "draining" });
    this.#announce();
    try {
      const { isMember, ring } = await updateMember(bus.registry, this.#record());
      return isMember ? ring.version : undefined;
    } catch (error) {
      log.warn({ node: member.id, reason: KvringError.from(error).reason }, "the ring is not told");
      return undefined;
    }
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
    const old = this.#standing;
    if (old.step === "left") return;
    if (old.step === "entering" || old.step === "joining") old.stop();
    this.#standing = next;
  }

  /** What ring and presence say of us. */
  #record(): RingMember {
    const { step } = this.#standing;
    const state = step === "active" || step === "draining" ? step : "joining";
    return { ...this.#parts.member, state };
  }

  #announce(): void {
    const record: NodeRecord = { ...this.#record(), settledRing: this.#settledRing };
    this.#announcement?.update(record).catch((error) => {
      this.#parts.log.warn({ reason: KvringError.from(error).reason }, "nobody is told of us");
    });
  }

  #enter(): void {
    const stop = keepTrying("join the ring", () => this.#join(), this.#parts.log);
    this.#become({ step: "entering", stop });
  }

  async #join(): Promise<void> {
    const { bus, member, log } = this.#parts;
    if (this.#attached.length === 0) {
      this.#attached.push(await watchRing(bus.registry, (ring) => this.#follow(ring)));
    }
    // Where nobody is who could give us anything, there is nothing to wait for.
    const isAlone = !this.#ring.members.some(
      ({ id, state }) => id !== member.id && state === "active",
    );
    const entrant: RingMember = { ...member, state: isAlone ? "active" : "joining" };
    const joining = await joinRing(bus.registry, entrant);
    if (joining.outcome === "joined") return this.#entered(joining.ring, isAlone);
    const { incarnation, address, state } = joining.current;
    const wasIn = this.#enteredAt > 0;
    if (wasIn || (await this.#isHeard(incarnation))) {
      const error = new KvringError(
        "DUPLICATE_NODE",
        `another live node is called "${member.id}", at ${address}: give this one another --id`,
      );
      // One that drains is about to make room.
      if (wasIn || state === "draining") throw error;
      log.error({ node: member.id, address }, error.message);
      this.#become({ step: "refused", error });
      return;
    }
    // Nobody announces itself as that incarnation: it died without leaving.
    const replaced = await joinRing(bus.registry, entrant, { replaces: incarnation });
    if (replaced.outcome !== "joined") {
      throw new KvringError("BUS_CONFLICT", "the ring changed while the node joined");
    }
    await this.#entered(replaced.ring, isAlone);
  }

  async #entered(ring: RingRecord, isAlone: boolean): Promise<void> {
    const { bus, member, clock, log, warmMs } = this.#parts;
    if (this.#announcement === undefined) {
      // Only now: presence is by id, and another life's was not to be covered by ours.
      const record = { ...this.#record(), settledRing: this.#settledRing };
      this.#announcement = await announceRecord(bus.presence, "node", record);
      this.#attached.push(this.#announcement);
    }
    if (this.#standing.step === "left") {
      // We left while we were on the way in.
      await leaveRing(bus.registry, member.id, member.incarnation);
      await this.#announcement.stop();
      return;
    }
    this.#enteredAt = ring.version;
    this.#ring = ring;
    if (isAlone) {
      this.#become({ step: "active" });
    } else {
      const onWarm = (): void => this.#activate();
      const options = { self: member.id, enteredAt: ring.version, ring: () => this.#ring };
      const warming = new Warming({ ...options, bus, clock, log, warmMs, onWarm });
      this.#become({ step: "joining", stop: () => warming.stop() });
      warming.start();
    }
    this.#announce();
  }

  /** All that became ours was given to us, or has taken too long: whoever misses asks us only. */
  #activate(): void {
    if (this.#standing.step !== "joining") return;
    const { bus, log } = this.#parts;
    const tell = async (): Promise<void> => {
      if (this.#standing.step === "active") await updateMember(bus.registry, this.#record());
    };
    this.#become({ step: "active" });
    this.#announce();
    keepTrying("become active", tell, log);
  }

  #follow(ring: RingRecord): void {
    this.#ring = ring;
    this.#parts.onRing(ring);
    if (!this.isJoined || isMember(ring, this.#parts.member)) return;
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

  /** Whether a node announces itself under our id as that incarnation. */
  async #isHeard(incarnation: string): Promise<boolean> {
    const { bus, clock, member } = this.#parts;
    let isHeard = false;
    const watch = await watchRecords(bus.presence, "node", (nodes) => {
      isHeard ||= nodes.get(member.id)?.incarnation === incarnation;
    });
    await new Promise<void>((resolve) => clock.after(listenMs, resolve));
    await watch.stop();
    return isHeard;
  }
}

/** Those who are asked answer at once; this is what a busy machine may take. */
const listenMs = 300;

function isMember(ring: RingRecord, { id, incarnation }: Omit<RingMember, "state">): boolean {
  return ring.members.some((one) => one.id === id && one.incarnation === incarnation);
}
