import { describe, expect, test } from "vitest";
import { GatewayCore } from "./gateway-core.ts";
import type { CoherenceEvent, Effect } from "./messages.ts";
import { defaultCoherenceOptions } from "./options.ts";
import type { LogRecord } from "./records.ts";
import { epoch, Tape } from "./testing/tape.ts";

const D = 15_000;
const scope = 42n;

function invalidate(tape: Tape, id: string, call: number, waitMs = 60_000): void {
  const deadlineMs = tape.nowMs + waitMs;
  tape.step(id, { kind: "invalidate", call, scopes: [scope], isBroad: false, deadlineMs });
}

/** Two gateways with leases, in a log whose earlier life is over. */
function pair(): Tape {
  const tape = new Tape();
  tape.start("a");
  tape.start("b");
  tape.wait(D + 1_000);
  tape.effects.length = 0;
  return tape;
}

test("the first gateway writes, in this order, what a log needs", () => {
  const tape = new Tape();
  tape.start("a");
  expect(tape.records.map(({ subject }) => subject)).toEqual(["roster.a", "config", "hb.a"]);
  expect(tape.take("leased")).toHaveLength(1);
  tape.wait(D);
  expect(tape.records.filter(({ subject }) => subject === "settled")).toHaveLength(1);
});

test("one gateway's first steps, as a transcript", () => {
  const gateway = new GatewayCore({ ...defaultCoherenceOptions, id: "a", isLogOurs: true });
  const lines: string[] = [];
  const step = (nowMs: number, event: CoherenceEvent): void => {
    lines.push(`${nowMs} > ${describeEvent(event)}`);
    for (const effect of gateway.step(event, nowMs))
      lines.push(`${nowMs} < ${describeEvent(effect)}`);
  };
  const record = (sequence: number, one: LogRecord): CoherenceEvent => ({
    kind: "record",
    position: { epoch, sequence },
    record: one,
  });
  step(0, { kind: "epoch", epoch, before: 0 });
  step(5, record(1, { kind: "join", gateway: "a" }));
  step(9, record(2, { kind: "config", terms: { waitMs: 1_000, drift: 0 } }));
  step(12, { kind: "appended", messageId: "a.3", position: { epoch, sequence: 3 } });
  step(20, record(3, { kind: "heartbeat", gateway: "a", nonce: "a.3" }));
  const call = { call: 1, scopes: [42n], isBroad: false, deadlineMs: 500 };
  step(30, { kind: "invalidate", ...call });
  const invalidation = { kind: "invalidation" as const, scopes: [42n], coordinator: "a" };
  step(38, record(4, { ...invalidation, attempt: "a.4" }));
  expect(lines).toEqual([
    "0 > epoch",
    "0 < append join a.1 expecting 0",
    "5 > record join",
    "5 < append config a.2 expecting 0",
    "9 > record config",
    "9 < append heartbeat a.3 expecting 0",
    "12 > appended",
    "20 > record heartbeat",
    "20 < leased",
    "30 > invalidate",
    "30 < append invalidation a.4",
    "38 > record invalidation",
    "38 < invalidated",
  ]);
  // The heartbeat was sent at 9, and the lease is as long as D, since no clock drifts here.
  expect(gateway.admission.admit(1_008)).toEqual({ epoch, sequence: 4 });
  expect(gateway.admission.admit(1_009)).toBeUndefined();
});

function describeEvent(what: CoherenceEvent | Effect): string {
  if (what.kind === "record") return `record ${what.record.kind}`;
  if (what.kind !== "append") return what.kind;
  const { record, messageId, expectedLast } = what;
  const expecting = expectedLast === undefined ? "" : ` expecting ${expectedLast}`;
  return `append ${record.kind} ${messageId}${expecting}`;
}

test("the log's terms count, whatever a gateway would like", () => {
  const tape = new Tape();
  tape.start("a", { terms: { waitMs: 8_000, drift: 0 } });
  const b = tape.start("b", { terms: { waitMs: 20_000, drift: 0 } });
  tape.cut.add("b");
  tape.nowMs += 7_999;
  expect(b.admission.admit(tape.nowMs)).toBeDefined();
  tape.nowMs += 1;
  expect(b.admission.admit(tape.nowMs)).toBeUndefined();
});

test("a log made anew is settled only when leases of the longer D before it are over", () => {
  const tape = new Tape();
  tape.start("a", { formerWaitMs: 4 * D });
  tape.wait(4 * D - 1);
  expect(tape.records.some(({ subject }) => subject === "settled")).toBe(false);
  tape.wait(1);
  expect(tape.records.some(({ subject }) => subject === "settled")).toBe(true);
});

test("who joins does not wait for a record of its own that is erased meanwhile", () => {
  const a = new GatewayCore({ ...defaultCoherenceOptions, id: "a" });
  const step = (nowMs: number, event: CoherenceEvent) =>
    a.step(event, nowMs).map((effect) => describeEvent(effect));
  const record = (sequence: number, one: LogRecord): CoherenceEvent => ({
    kind: "record",
    position: { epoch, sequence },
    record: one,
  });
  step(0, { kind: "epoch", epoch, before: 0 });
  step(1, record(1, { kind: "leave", gateway: "a", epoch: epoch - 1 }));
  step(2, { kind: "append-failed", messageId: "a.1", why: "conflict" });
  expect(step(300, { kind: "tick" })).toEqual(["append join a.2 expecting 1"]);
  step(301, record(2, emptyCheckpoint));
  step(302, { kind: "append-failed", messageId: "a.2", why: "conflict" });
  expect(step(600, { kind: "tick" })).toEqual(["append join a.3"]);
});

const emptyCheckpoint: LogRecord = {
  kind: "checkpoint",
  epoch,
  coordinator: "b",
  through: 1,
  horizon: 0,
  scopes: [],
  members: [],
  terms: defaultCoherenceOptions.terms,
  settledEpoch: 0,
};

describe("a lease", () => {
  test("is kept by heartbeats, and lapses without the log", () => {
    const tape = pair();
    const [a] = tape.gateways.values();
    expect(a?.admission.admit(tape.nowMs)?.sequence).toBe(tape.records.length);
    tape.cut.add("a");
    tape.nowMs += D;
    expect(a?.admission.admit(tape.nowMs)).toBeUndefined();
    expect(a?.admission.leaseAgeMs(tape.nowMs)).toBeGreaterThanOrEqual(D);
  });

  test("comes back with the log, from the first time that it was asked for", () => {
    const tape = pair();
    const a = tape.gateways.get("a");
    tape.cut.add("a");
    const goneMs = tape.nowMs;
    tape.nowMs += 2_000;
    tape.step("a", { kind: "tick" });
    tape.nowMs += 3_000;
    tape.step("a", { kind: "tick" });
    tape.cut.delete("a");
    for (let sequence = 1; sequence <= tape.records.length; sequence += 1) {
      const stored = tape.records[sequence - 1];
      if (stored === undefined) continue;
      tape.step("a", { kind: "record", position: { epoch, sequence }, record: stored.record });
    }
    tape.wait(300);
    const ageMs = a?.admission.leaseAgeMs(tape.nowMs) ?? 0;
    // The heartbeat that could not be placed counts first, and the next follows it at once.
    expect(ageMs).toBeLessThan(tape.nowMs - goneMs);
    expect(a?.admission.admit(tape.nowMs)).toBeDefined();
  });

  test("is given up at the orderly end, before the place in the roster is", () => {
    const tape = pair();
    const a = tape.gateways.get("a");
    tape.cut.add("a");
    tape.step("a", { kind: "leave" });
    expect(a?.admission.admit(tape.nowMs)).toBeUndefined();
    tape.cut.delete("a");
    tape.wait(1_000);
    expect(tape.take("ended").map(({ why }) => why)).toEqual(["left"]);
    expect(tape.gateways.get("b")?.gateways).toBe(1);
  });
});

describe("an invalidation", () => {
  test("returns when all gateways say that they know", () => {
    const tape = pair();
    const b = tape.gateways.get("b");
    const born = b?.position ?? { epoch, sequence: 0 };
    expect(b?.admission.isCurrent({ born, scopes: [scope] }, [])).toBe(true);
    invalidate(tape, "a", 1);
    const [done] = tape.take("invalidated");
    expect(done).toMatchObject({
      call: 1,
      result: { gateways: 2, acknowledged: 2, waitedMs: 0 },
    });
    expect(b?.admission.isCurrent({ born, scopes: [scope] }, [])).toBe(false);
  });

  test("waits D for a gateway that just fell silent, and for no longer than since then", () => {
    const tape = pair();
    tape.cut.add("b");
    tape.wait(5_000);
    invalidate(tape, "a", 1);
    expect(tape.take("invalidated")).toEqual([]);
    tape.wait(10_000);
    const [done] = tape.take("invalidated");
    expect(done?.result).toMatchObject({ gateways: 2, acknowledged: 1 });
    expect(done?.result.waitedMs).toBeLessThanOrEqual(10_000);
    invalidate(tape, "a", 2);
    expect(tape.take("invalidated")[0]?.result.waitedMs).toBe(0);
  });

  test("promises nothing when its caller's time is over", () => {
    const tape = pair();
    tape.cut.add("b");
    invalidate(tape, "a", 1, 1_000);
    tape.wait(2_000);
    expect(tape.take("not-invalidated")[0]).toMatchObject({
      call: 1,
      error: { reason: "DEADLINE_EXCEEDED" },
    });
    tape.wait(D);
    expect(tape.take("invalidated")).toEqual([]);
  });

  test("ends in time though the log was never reached", () => {
    const gateway = new GatewayCore({ ...defaultCoherenceOptions, id: "a" });
    const call = { call: 1, scopes: [scope], isBroad: false, deadlineMs: 5_000 };
    expect(gateway.step({ kind: "invalidate", ...call }, 0)).toEqual([]);
    expect(gateway.wakeMs).toBe(5_000);
    const [effect] = gateway.step({ kind: "tick" }, gateway.wakeMs);
    expect(effect).toMatchObject({ kind: "not-invalidated", call: 1 });
    expect(gateway.wakeMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("waits out leases of a life of the log that the roster does not know", () => {
    const tape = new Tape();
    tape.start("a");
    invalidate(tape, "a", 1);
    expect(tape.take("invalidated")).toEqual([]);
    tape.wait(D);
    expect(tape.take("invalidated")).toHaveLength(1);
  });

  test("need not in a log that this process made", () => {
    const tape = new Tape();
    tape.start("a", { isLogOurs: true });
    invalidate(tape, "a", 1);
    expect(tape.take("invalidated")).toHaveLength(1);
  });
});

test("a gateway that stays silent is buried, and knows it when it comes back", () => {
  const tape = pair();
  tape.cut.add("b");
  tape.wait(40_000);
  expect(tape.gateways.get("a")?.gateways).toBe(1);
  tape.cut.delete("b");
  for (const [index, { record }] of tape.records.entries()) {
    tape.step("b", { kind: "record", position: { epoch, sequence: index + 1 }, record });
  }
  expect(tape.take("ended")).toEqual([{ kind: "ended", why: "evicted" }]);
  invalidate(tape, "b", 9);
  expect(tape.take("not-invalidated")[0]).toMatchObject({ call: 9, error: { reason: "DRAINING" } });
});

test("an outage of the log buries nobody", () => {
  const tape = pair();
  tape.cut.add("a").add("b");
  tape.wait(120_000);
  tape.cut.clear();
  tape.wait(60_000);
  expect(tape.records.some(({ record }) => record.kind === "tombstone")).toBe(false);
});

describe("a reader", () => {
  test("asks again for what it missed, and takes what comes twice once", () => {
    const tape = pair();
    const a = tape.gateways.get("a");
    const last = tape.records.length;
    const gap = { epoch, sequence: last + 2 };
    tape.step("a", { kind: "record", position: gap, record: { kind: "skipped" } });
    expect(tape.take("reread")).toEqual([{ kind: "reread", after: { epoch, sequence: last } }]);
    tape.step("a", {
      kind: "record",
      position: { epoch, sequence: 1 },
      record: { kind: "unreadable" },
    });
    expect(a?.position).toEqual({ epoch, sequence: last });
  });

  test("that records were erased under is done", () => {
    const tape = pair();
    tape.step("a", { kind: "overtaken" });
    expect(tape.take("ended")).toEqual([{ kind: "ended", why: "overtaken" }]);
    expect(tape.gateways.get("a")?.admission.admit(tape.nowMs)).toBeUndefined();
  });

  test("takes a record that it cannot read for an invalidation of everything", () => {
    const tape = pair();
    const a = tape.gateways.get("a");
    const born = a?.position ?? { epoch, sequence: 0 };
    const position = { epoch, sequence: tape.records.length + 1 };
    tape.step("a", { kind: "record", position, record: { kind: "unreadable" } });
    expect(a?.admission.isCurrent({ born, scopes: [1n] }, [])).toBe(false);
  });

  test("begins from nothing in another life of the log", () => {
    const tape = pair();
    const a = tape.gateways.get("a");
    const born = a?.position ?? { epoch, sequence: 0 };
    tape.step("a", { kind: "epoch", epoch: epoch + 1, before: 0 });
    expect(a?.position).toEqual({ epoch: epoch + 1, sequence: 0 });
    expect(a?.admission.admit(tape.nowMs)).toBeUndefined();
    expect(a?.admission.isCurrent({ born, scopes: [1n] }, [])).toBe(false);
    expect(a?.standing.kind).toBe("joining");
  });
});

test("a place that was taken before makes the log suspect", () => {
  const tape = pair();
  tape.cut.add("a");
  const a = tape.gateways.get("a");
  tape.nowMs += 1_000;
  const [append] = a?.step({ kind: "tick" }, tape.nowMs) ?? [];
  if (append?.kind !== "append") throw new Error("a heartbeat was due");
  const { messageId } = append;
  const effects = a?.step(
    { kind: "appended", messageId, position: { epoch, sequence: 2 } },
    tape.nowMs,
  );
  expect(effects?.map(({ kind }) => kind)).toEqual(["suspect-log"]);
});

test("a heartbeat that the log had, and that never comes, ends the incarnation", () => {
  const tape = pair();
  const a = tape.gateways.get("a");
  tape.cut.add("a");
  tape.nowMs += 1_000;
  const [append] = a?.step({ kind: "tick" }, tape.nowMs) ?? [];
  if (append?.kind !== "append") throw new Error("a heartbeat was due");
  const position = { epoch, sequence: tape.records.length + 1 };
  a?.step({ kind: "appended", messageId: append.messageId, position }, tape.nowMs);
  expect(a?.wakeMs).toBe(tape.nowMs + D);
  const effects = a?.step({ kind: "tick" }, tape.nowMs + D);
  expect(effects?.map(({ kind }) => kind)).toEqual(["suspect-log", "ended"]);
});

test("the same events give the same effects", () => {
  const transcript = (): string => {
    const tape = pair();
    invalidate(tape, "a", 1);
    tape.cut.add("b");
    tape.wait(50_000);
    return JSON.stringify([tape.records, tape.effects], (_key, value) =>
      typeof value === "bigint" ? `${value}` : value,
    );
  };
  expect(transcript()).toBe(transcript());
});
