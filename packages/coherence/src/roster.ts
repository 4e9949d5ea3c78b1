import { nowhere, type Position } from "@kvring/core";
import type { Checkpoint, CheckpointMember, GatewayId, Sequence } from "./records.ts";

/** A gateway that may hold a lease, as the records up to our place in the log have it. */
export interface Member {
  readonly joinedAt: Sequence;
  /** When we learned of it, by our clock. */
  readonly knownMs: number;
  /** Its last record under `hb`, which its next heartbeat expects there; 0: none yet. */
  readonly heartbeatAt: Sequence;
  /**
   * When we read that record, by our clock. Invariant: the lease of every heartbeat that we have
   * read is over D after this moment, since it was asked for before. Undefined: we read none, so
   * that no lease exists which does not know all that we have read.
   */
  readonly heardMs: number | undefined;
  /** Nothing follows its last record under `hb`: it gets no lease any more. */
  readonly isTombstoned: boolean;
}

const newcomer: Omit<Member, "knownMs"> = Object.freeze({
  joinedAt: 0,
  heartbeatAt: 0,
  heardMs: undefined,
  isTombstoned: false,
});

/** Acknowledgements of gateways that are not members are remembered up to this many. */
const maxStrangers = 1_024;

/** Which gateways there are, and what each has acknowledged. */
export class Roster {
  readonly #members = new Map<GatewayId, Member>();
  /**
   * The log's records up to there were erased before we came, and no checkpoint has told us yet who
   * joined in them; 0: we know all. A purge leaves its checkpoint behind it, and so before any
   * heartbeat of ours: with a lease we know all.
   */
  #erasedThrough: Sequence = 0;
  /** While that is so: who left since, though the checkpoint may still have them. */
  readonly #departed = new Set<GatewayId>();
  readonly #acknowledged = new Map<GatewayId, Position>();
  #epoch = 0;

  get size(): number {
    return this.#members.size;
  }

  get(gateway: GatewayId): Member | undefined {
    return this.#members.get(gateway);
  }

  entries(): IterableIterator<[GatewayId, Member]> {
    return this.#members.entries();
  }

  /** How far a gateway says that it has applied the log. */
  acknowledged(gateway: GatewayId): Position {
    return this.#acknowledged.get(gateway) ?? nowhere;
  }

  /** Another life of the log knows nobody. `before` is the place before its first record. */
  begin(epoch: number, before: Sequence): void {
    this.#members.clear();
    this.#departed.clear();
    this.#epoch = epoch;
    this.#erasedThrough = before;
  }

  joined(gateway: GatewayId, sequence: Sequence, nowMs: number): void {
    if (this.#members.has(gateway)) return;
    this.#members.set(gateway, { ...newcomer, joinedAt: sequence, knownMs: nowMs });
    this.#departed.delete(gateway);
  }

  left(gateway: GatewayId): void {
    this.#members.delete(gateway);
    this.#acknowledged.delete(gateway);
    if (this.#erasedThrough > 0) this.#departed.add(gateway);
  }

  heard(gateway: GatewayId, sequence: Sequence, nowMs: number): void {
    const member = this.#known(gateway, nowMs);
    if (member === undefined) return;
    this.#members.set(gateway, { ...member, heartbeatAt: sequence, heardMs: nowMs });
  }

  /** A tombstone takes the place of a heartbeat, but it asks for no lease: `heardMs` stays. */
  tombstoned(gateway: GatewayId, sequence: Sequence, nowMs: number): void {
    const member = this.#known(gateway, nowMs);
    if (member === undefined) return;
    this.#members.set(gateway, { ...member, heartbeatAt: sequence, isTombstoned: true });
  }

  #known(gateway: GatewayId, nowMs: number): Member | undefined {
    const member = this.#members.get(gateway);
    if (member !== undefined) return member;
    // It may have joined in a record that was erased: then the checkpoint knows it, but not this.
    const isPossible = this.#erasedThrough > 0 && !this.#departed.has(gateway);
    return isPossible ? { ...newcomer, knownMs: nowMs } : undefined;
  }

  /** Acknowledgements are cumulative, and may arrive in any order. */
  acknowledge(gateway: GatewayId, position: Position): void {
    const before = this.acknowledged(gateway);
    if (before.epoch === position.epoch && before.sequence >= position.sequence) return;
    if (before.epoch === this.#epoch && position.epoch !== this.#epoch) return;
    if (!this.#acknowledged.has(gateway) && !this.#members.has(gateway)) this.#forgetStrangers();
    this.#acknowledged.set(gateway, position);
  }

  /**
   * Takes from a checkpoint what was erased before we came. To who has read all, it says nothing
   * new; and one that does not reach to where the erased records ended is not enough.
   */
  restore({ members, through }: Checkpoint, nowMs: number): void {
    if (this.#erasedThrough === 0 || through < this.#erasedThrough) return;
    const listed = new Set(members.map(({ gateway }) => gateway));
    for (const [gateway, { joinedAt }] of this.#members) {
      // A heartbeat that came after its sender had left.
      if (joinedAt === 0 && !listed.has(gateway)) this.#members.delete(gateway);
    }
    for (const { gateway, joinedAt, heartbeatAt, isTombstoned } of members) {
      if (this.#members.has(gateway) || this.#departed.has(gateway)) continue;
      const heardMs = heartbeatAt === 0 ? undefined : nowMs;
      const member = { joinedAt, knownMs: nowMs, heartbeatAt, heardMs, isTombstoned };
      this.#members.set(gateway, member);
    }
    this.#erasedThrough = 0;
    this.#departed.clear();
  }

  toCheckpoint(): CheckpointMember[] {
    return [...this.#members].map(([gateway, { joinedAt, heartbeatAt, isTombstoned }]) => ({
      gateway,
      joinedAt,
      heartbeatAt,
      isTombstoned,
    }));
  }

  #forgetStrangers(): void {
    const excess = this.#acknowledged.size - this.#members.size - maxStrangers;
    if (excess <= 0) return;
    for (const gateway of this.#acknowledged.keys()) {
      if (!this.#members.has(gateway)) this.#acknowledged.delete(gateway);
    }
  }
}
