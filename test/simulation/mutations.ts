import type { Mutation } from "./simulation.ts";

const always = (): boolean => true;

/**
 * What sounds reasonable, and is wrong: each alone gives somebody a stale answer, or none at all.
 */
export const mutations: Readonly<Record<string, Mutation>> = {
  "no barrier: the lease begins with the heartbeat's sending": {
    rules: { leaseBegins: always },
  },
  "barrier not awaited: the lease begins when the log has the heartbeat": {
    rules: { leaseBegins: (evidence) => evidence !== "sent" },
  },
  "fresh t0 on retry": { rules: { leaseStartMs: (_firstSentMs, lastSentMs) => lastSentMs } },
  "OK without acknowledgements or D": { rules: { hasWaited: always } },
  "acknowledgements not looked at": { rules: { hasAcknowledged: always } },
  "a record takes callers in after it was sent": { rules: { mayShare: always } },
  "coordinator ahead of its own reader": { rules: { knowsRoster: always } },
  "born taken at fill time": { rules: { bornOf: (_admitted, filled) => filled } },
  "no epoch": { rules: { sameLife: always } },
  "same id after restart": { habits: { keepsId: true } },
  "heartbeat before roster": { rules: { mayHeartbeat: always }, habits: { joinsLate: true } },
  "position over a gap": { rules: { follows: (sequence, applied) => sequence > applied } },
  "records erased unread are passed over": { habits: { skipsErased: true } },
  "worker not waiting for born": { rules: { mayCompute: always } },
  "digest not checked": { rules: { fitsArtifact: always } },
  "join without the test": { rules: { mayJoin: always } },
  "delivery without a lease": { rules: { isHeld: always } },
  "lease as long as D, whatever the clocks do": { rules: { leaseMs: ({ waitMs }) => waitMs } },
  "a new life of the log forgets the leases of the old one": {
    rules: { pastLifeUntilMs: () => 0 },
  },
  "a gateway is removed before its lease is over": { rules: { mayRemove: always } },
  "anything is given that a node or the near cache has": { rules: { mayDeliver: always } },
  "a node gives what is older than asked for": { rules: { mayReturn: always } },
  "nothing is given but what is current": {
    rules: { mayDeliver: (isCurrent) => isCurrent },
  },
  "an entry is current whatever was invalidated": { rules: { isCurrent: always } },
};

/**
 * What alone changes nothing, since another rule covers it, and what it takes away the cover.
 *
 * Whoever had not read what a purge erased is told so, and ends: its lease with it. So the purge
 * could come at once; that it waits until all know the checkpoint spares slow gateways that end,
 * and covers readers that are not told.
 */
export const coveredTwice: Readonly<Record<string, readonly [Mutation, Mutation]>> = {
  "immediate purge at a checkpoint": [
    { rules: { mayPurge: always } },
    { habits: { skipsErased: true } },
  ],
};
