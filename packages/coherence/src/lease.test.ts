import { expect, test } from "vitest";
import * as leases from "./lease.ts";
import { protocolRules } from "./rules.ts";

const practice = {
  rules: protocolRules,
  terms: { waitMs: 1_000, drift: 0 },
  renewEveryMs: 100,
};

const first = { nonce: "n1", after: 4, expectedLast: 0 };

test("a lease begins when our reader gives us the heartbeat, from when it was first sent", () => {
  let lease = leases.sent(leases.noLease, first, 10);
  lease = leases.unplaced(lease, "n1", 60);
  expect(leases.due(lease, 59, () => "n2")).toBeUndefined();
  expect(leases.due(lease, 60, () => "n2")).toBe("n1");
  lease = leases.sent(lease, { ...first, after: 9 }, 60);
  lease = leases.witnessed(lease, { kind: "placed", nonce: "n1" }, 65, practice);
  expect(lease.heldUntilMs).toBe(Number.NEGATIVE_INFINITY);
  lease = leases.witnessed(lease, { kind: "read", nonce: "n1" }, 70, practice);
  expect(lease).toMatchObject({ startMs: 10, heldUntilMs: 1_010, sinceMs: 70 });
  expect(lease.renewal).toEqual({ step: "idle", dueMs: 160 });
});

test("it is held without a break while renewals come in time", () => {
  const renewed = (lease: leases.Lease, nonce: string, sentMs: number, readMs: number) =>
    leases.witnessed(
      leases.sent(lease, { nonce, after: 0, expectedLast: 0 }, sentMs),
      { kind: "read", nonce },
      readMs,
      practice,
    );
  let lease = renewed(leases.noLease, "n1", 0, 5);
  lease = renewed(lease, "n2", 900, 990);
  expect(lease).toMatchObject({ startMs: 900, heldUntilMs: 1_900, sinceMs: 5 });
  lease = renewed(lease, "n3", 1_850, 1_900);
  expect(lease.sinceMs).toBe(1_900);
});

test("a heartbeat that is read too late gives nothing", () => {
  const lease = leases.sent(leases.noLease, first, 0);
  const read = leases.witnessed(lease, { kind: "read", nonce: "n1" }, 5_000, practice);
  expect(protocolRules.isHeld(5_000, read.heldUntilMs)).toBe(false);
});

test("what is heard of another heartbeat changes nothing", () => {
  const lease = leases.sent(leases.noLease, first, 0);
  expect(leases.witnessed(lease, { kind: "read", nonce: "n0" }, 5, practice)).toBe(lease);
  expect(leases.unplaced(lease, "n0", 9)).toBe(lease);
  expect(leases.awaited(lease, "n0", 9)).toBe(lease);
});

test("a failed expectation decides nothing: our own copy may have been the reason", () => {
  let lease = leases.awaited(leases.sent(leases.noLease, first, 0), "n1", 500);
  expect(leases.due(lease, 400, () => "n2")).toBeUndefined();
  expect(leases.renewalWakeMs(lease)).toBe(500);
  lease = leases.witnessed(lease, { kind: "read", nonce: "n1" }, 20, practice);
  expect(lease.startMs).toBe(0);
});

test("the waiting ends when another record of ours is read: no copy can follow the old one any more", () => {
  const lease = leases.awaited(leases.sent(leases.noLease, first, 0), "n1", 500);
  expect(leases.superseded(lease, 0, 30)).toBe(lease);
  expect(leases.superseded(lease, 3, 30).renewal).toEqual({ step: "idle", dueMs: 30 });
});

test("a place that was taken before the heartbeat was sent is impossible", () => {
  const lease = leases.sent(leases.noLease, first, 0);
  expect(leases.isPossible(lease, "n1", 4)).toBe(false);
  expect(leases.isPossible(lease, "n1", 5)).toBe(true);
  expect(leases.isPossible(lease, "other", 1)).toBe(true);
});

test("there is one heartbeat at a time", () => {
  const lease = leases.sent(leases.noLease, first, 0);
  expect(() => leases.sent(lease, first, 1)).toThrow("one at a time");
  const resting = leases.unplaced(lease, "n1", 9);
  expect(() => leases.sent(resting, { ...first, nonce: "n2" }, 9)).toThrow("sent as it was");
});
