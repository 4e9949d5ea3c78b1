import type { Position } from "@kvring/core";
import { type LeaseTerms, leaseMs } from "./terms.ts";

/** How much is known of a heartbeat: it was sent, the log gave it a place, our reader gave it to us. */
export type Evidence = "sent" | "placed" | "read";

/**
 * The decisions that the promise rests on, each as small as it can be said, in one place so that
 * they can be read together, and broken one by one: the simulator runs with every one of them
 * replaced by something that sounds reasonable, and must find the stale answer that follows.
 */
export interface Rules {
  /** A reader applies nothing but the very next record: what it skips may be an invalidation. */
  follows(sequence: number, applied: number): boolean;
  /** Sequences of two lives of the log say nothing about each other. */
  sameLife(epoch: number, other: number): boolean;

  /** In the log before the first heartbeat, or a lease is live of which coordinators do not know. */
  mayHeartbeat(isMember: boolean): boolean;
  /** Read by ourselves: only then has everything before it been applied here. */
  leaseBegins(evidence: Evidence): boolean;
  /** Before the first attempt: an early copy of the heartbeat may be the one that was placed. */
  leaseStartMs(firstSentMs: number, lastSentMs: number): number;
  leaseMs(terms: LeaseTerms): number;
  isHeld(nowMs: number, heldUntilMs: number): boolean;

  /** A copy of a record that was sent may be the one that counts, and says nothing of later callers. */
  mayShare(isSent: boolean): boolean;
  /** Until its own reader gives it its record, a coordinator does not know who was a member then. */
  knowsRoster(isRead: boolean): boolean;
  /** Whether a member's acknowledgement, up to `acknowledged`, covers the record at `sequence`. */
  hasAcknowledged(acknowledged: Position, record: Position): boolean;
  /** Whether no lease can live any more that does not know of the record. */
  hasWaited(nowMs: number, untilMs: number): boolean;
  /** Until when a new life of the log has to reckon with leases of the one before. */
  pastLifeUntilMs(seenMs: number, terms: LeaseTerms): number;
  /** Who was heard last at `heardMs`, and can beat no more, holds no lease any more. */
  mayRemove(nowMs: number, heardMs: number, terms: LeaseTerms): boolean;
  /** Records before a checkpoint are erased only when every lease knows the checkpoint. */
  mayPurge(isConfirmed: boolean): boolean;

  isCurrent(lastInvalidated: number, born: number): boolean;
  /** The second half makes progress certain: what was computed for a request may be its answer. */
  mayDeliver(isCurrent: boolean, born: Position, admitted: Position): boolean;
  /** Nodes: what they give, and what they let others wait for. */
  mayReturn(born: Position, minBorn: Position): boolean;
  mayJoin(flightBorn: Position, minBorn: Position): boolean;

  /** An answer is as old as the question: what was invalidated meanwhile may have been read before. */
  bornOf(admitted: Position, filled: Position): Position;
  /** A worker's own data are as old as its place in the log. */
  mayCompute(applied: Position, born: Position): boolean;
  /** The key names the artifact; another one's answer under it would be wrong for ever. */
  fitsArtifact(holdsArtifact: boolean): boolean;
}

function sameOrLater(rules: Rules, position: Position, other: Position): boolean {
  return rules.sameLife(position.epoch, other.epoch) && position.sequence >= other.sequence;
}

/** The rules as they must be. */
export const protocolRules: Rules = Object.freeze<Rules>({
  follows: (sequence, applied) => sequence === applied + 1,
  sameLife: (epoch, other) => epoch === other,
  mayHeartbeat: (isMember) => isMember,
  leaseBegins: (evidence) => evidence === "read",
  leaseStartMs: (firstSentMs) => firstSentMs,
  leaseMs,
  isHeld: (nowMs, heldUntilMs) => nowMs < heldUntilMs,
  mayShare: (isSent) => !isSent,
  knowsRoster: (isRead) => isRead,
  hasAcknowledged(acknowledged, record) {
    return sameOrLater(this, acknowledged, record);
  },
  hasWaited: (nowMs, untilMs) => nowMs >= untilMs,
  pastLifeUntilMs: (seenMs, { waitMs }) => seenMs + waitMs,
  mayRemove: (nowMs, heardMs, { waitMs }) => nowMs >= heardMs + waitMs,
  mayPurge: (isConfirmed) => isConfirmed,
  isCurrent: (lastInvalidated, born) => lastInvalidated <= born,
  mayDeliver(isCurrent, born, admitted) {
    return isCurrent || sameOrLater(this, born, admitted);
  },
  mayReturn(born, minBorn) {
    return sameOrLater(this, born, minBorn);
  },
  mayJoin(flightBorn, minBorn) {
    return sameOrLater(this, flightBorn, minBorn);
  },
  bornOf: (admitted) => admitted,
  mayCompute(applied, born) {
    return sameOrLater(this, applied, born);
  },
  fitsArtifact: (holdsArtifact) => holdsArtifact,
});
