import assert from "node:assert/strict";
import type { Sequence } from "./records.ts";
import type { Rules } from "./rules.ts";
import type { LeaseTerms } from "./terms.ts";

/**
 * A gateway's right to answer.
 *
 * Invariant: a lease held until t was asked for at t − leaseMs, and every log record committed
 * before that moment has been applied here. So an invalidation that waits out D, which is leaseMs
 * stretched by what two clocks may drift, is known to every gateway that still answers.
 */
export interface Lease {
  /** When it was asked for: everything before is known here. */
  readonly startMs: number;
  readonly heldUntilMs: number;
  /** It was held without a break since. */
  readonly sinceMs: number;
  readonly renewal: Renewal;
}

/**
 * The heartbeat under way. It is not given up for another one before our reader shows what became
 * of it: a copy that was delayed may be placed at any time, and then it is the one that counts.
 */
type Renewal =
  | { readonly step: "idle"; readonly dueMs: number }
  | (Heartbeat & { readonly step: "sent" })
  /** Could not be placed; to be sent again, as it is. */
  | (Heartbeat & { readonly step: "resting"; readonly untilMs: number })
  /**
   * The log has it, or has another last heartbeat of ours than we think. What we read until then
   * shows which.
   */
  | (Heartbeat & { readonly step: "awaited"; readonly untilMs: number });

interface Heartbeat {
  readonly nonce: string;
  /** Our place in the log before it was sent: its own must be later. */
  readonly after: Sequence;
  /** The last one before it, as far as we had read: it can follow no other. */
  readonly expectedLast: Sequence;
  readonly firstSentMs: number;
  readonly lastSentMs: number;
}

export const noLease: Lease = Object.freeze<Lease>({
  startMs: Number.NEGATIVE_INFINITY,
  heldUntilMs: Number.NEGATIVE_INFINITY,
  sinceMs: Number.NEGATIVE_INFINITY,
  renewal: Object.freeze({ step: "idle", dueMs: Number.NEGATIVE_INFINITY }),
});

/** The nonce to send now, if any: a new heartbeat's, or the one that could not be placed. */
export function due(
  { renewal }: Lease,
  nowMs: number,
  freshNonce: () => string,
): string | undefined {
  switch (renewal.step) {
    case "idle":
      return nowMs >= renewal.dueMs ? freshNonce() : undefined;
    case "resting":
      return nowMs >= renewal.untilMs ? renewal.nonce : undefined;
    default:
      return undefined;
  }
}

/** A heartbeat leaves. `nowMs` was read before it did. */
export function sent(
  lease: Lease,
  heartbeat: Pick<Heartbeat, "nonce" | "after" | "expectedLast">,
  nowMs: number,
): Lease {
  const { renewal } = lease;
  switch (renewal.step) {
    case "idle": {
      const moments = { firstSentMs: nowMs, lastSentMs: nowMs };
      return { ...lease, renewal: { step: "sent", ...heartbeat, ...moments } };
    }
    case "resting":
      assert(heartbeat.nonce === renewal.nonce, "what could not be placed is sent as it was");
      return { ...lease, renewal: { ...again(renewal), step: "sent", lastSentMs: nowMs } };
    default:
      assert.fail(`a heartbeat is ${renewal.step}: there is one at a time`);
  }
}

function again({ nonce, after, expectedLast, firstSentMs, lastSentMs }: Heartbeat): Heartbeat {
  return { nonce, after, expectedLast, firstSentMs, lastSentMs };
}

/** The log could not be reached, which does not mean that it has not got the heartbeat. */
export function unplaced(lease: Lease, nonce: string, untilMs: number): Lease {
  const { renewal } = lease;
  if (renewal.step !== "sent" || renewal.nonce !== nonce) return lease;
  return { ...lease, renewal: { ...renewal, step: "resting", untilMs } };
}

/** Whether the log can have given our heartbeat that place: not one that was taken before. */
export function isPossible({ renewal }: Lease, nonce: string, sequence: Sequence): boolean {
  return renewal.step === "idle" || renewal.nonce !== nonce || sequence > renewal.after;
}

/**
 * The log gave it a place, from which it may be lost; or the expectation failed, which decides
 * nothing, since the heartbeat itself may be the reason.
 */
export function awaited(lease: Lease, nonce: string, untilMs: number): Lease {
  const { renewal } = lease;
  if (renewal.step !== "sent" || renewal.nonce !== nonce) return lease;
  return { ...lease, renewal: { ...renewal, step: "awaited", untilMs } };
}

/**
 * We have read another record of ours than the one that the heartbeat was to follow, such as one of
 * an earlier life of the log: no copy of it can be placed any more, and a new one may go.
 */
export function superseded(lease: Lease, heartbeatAt: Sequence, nowMs: number): Lease {
  const { renewal } = lease;
  if (renewal.step !== "awaited" || heartbeatAt <= renewal.expectedLast) return lease;
  return { ...lease, renewal: { step: "idle", dueMs: nowMs } };
}

/** There is evidence of the heartbeat with this nonce; if it is enough, the lease begins anew. */
export function witnessed(
  lease: Lease,
  evidence: { readonly kind: "sent" | "placed" | "read"; readonly nonce: string },
  nowMs: number,
  { rules, terms, renewEveryMs }: LeasePractice,
): Lease {
  const { renewal } = lease;
  if (renewal.step === "idle" || renewal.nonce !== evidence.nonce) return lease;
  if (!rules.leaseBegins(evidence.kind)) return lease;
  const startMs = rules.leaseStartMs(renewal.firstSentMs, renewal.lastSentMs);
  const untilMs = startMs + rules.leaseMs(terms);
  // From the asking, not from now: what was committed since then may not have been applied here.
  return {
    startMs: Math.max(lease.startMs, startMs),
    heldUntilMs: Math.max(lease.heldUntilMs, untilMs),
    sinceMs: rules.isHeld(nowMs, lease.heldUntilMs) ? lease.sinceMs : nowMs,
    renewal: { step: "idle", dueMs: renewal.lastSentMs + renewEveryMs },
  };
}

export interface LeasePractice {
  readonly rules: Rules;
  readonly terms: LeaseTerms;
  readonly renewEveryMs: number;
}

/** When the renewal next has something to do; Infinity while it waits to be told. */
export function renewalWakeMs({ renewal }: Lease): number {
  switch (renewal.step) {
    case "idle":
      return renewal.dueMs;
    case "resting":
    case "awaited":
      return renewal.untilMs;
    case "sent":
      return Number.POSITIVE_INFINITY;
  }
}
