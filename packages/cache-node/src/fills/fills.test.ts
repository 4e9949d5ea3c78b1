import { KvringError, type Position } from "@kvring/core";
import { beforeEach, describe, expect, test } from "vitest";
import type { Effect } from "./effect.ts";
import { Fills, textOf } from "./fills.ts";

let fills: Fills;
let tokens = 0;

const bounds = { waitersPerKey: 5, waitersPerSession: 8, stagedBytes: 100, beginMs: 5_000 };

beforeEach(() => {
  tokens = 0;
  fills = new Fills({ ...bounds, newToken: () => new Uint8Array(16).fill(++tokens) });
});

const token = (number: number) => textOf(new Uint8Array(16).fill(number));
const at = (sequence: number, epoch = 1): Position => ({ epoch, sequence });

/** "s1:7" asks: operation 7 of session s1. */
function asker(name: string) {
  const [sessionId = "", operation] = name.split(":");
  return { sessionId, operationId: Number(operation) };
}

function ask(name: string, { born = at(1), dueMs = 1_000, key = "k", mayOpen = true } = {}): void {
  fills.ask(key, asker(name), born, dueMs, mayOpen);
}

/** What was told since the last look, one line each. */
function told(): string[] {
  return fills.takeEffects().map((effect: Effect) => {
    const who = `${effect.asker.sessionId}:${effect.asker.operationId}`;
    switch (effect.kind) {
      case "granted":
        return `${who} granted ${effect.token[0]}`;
      case "found":
        return `${who} found${effect.waited ? " waited" : ""}`;
      case "failed":
      case "refused":
        return `${who} ${effect.kind} ${effect.error.reason}`;
      default:
        return `${who} ${effect.kind}`;
    }
  });
}

describe("asking", () => {
  test("grants the first and lets the others wait", () => {
    ask("a:1");
    ask("b:1");
    ask("a:2");
    expect(told()).toEqual(["a:1 granted 1", "b:1 waiting", "a:2 waiting"]);
    expect(fills.size).toBe(1);
    expect(fills.counters).toEqual({ grants: 1, waits: 2, regrants: 0 });
  });

  test("keeps keys apart", () => {
    ask("a:1");
    ask("a:2", { key: "other" });
    expect(told()).toEqual(["a:1 granted 1", "a:2 granted 2"]);
  });

  test("opens a newer flight for whom the open one is too old, and later askers join that", () => {
    ask("a:1", { born: at(5) });
    ask("b:1", { born: at(6) });
    ask("c:1", { born: at(4) });
    ask("c:2", { born: at(6) });
    expect(told()).toEqual(["a:1 granted 1", "b:1 granted 2", "c:1 waiting", "c:2 waiting"]);
    fills.put("k", token(1), at(5), 0);
    expect(told()).toEqual(["a:1 found", "c:1 found waited"]);
    fills.put("k", token(2), at(6), 0);
    expect(told()).toEqual(["b:1 found", "c:2 found waited"]);
    expect(fills.size).toBe(0);
  });

  test("never joins a flight of another epoch", () => {
    ask("a:1", { born: at(9, 1) });
    ask("b:1", { born: at(1, 2) });
    expect(told()).toEqual(["a:1 granted 1", "b:1 granted 2"]);
  });

  test("is bounded per key and per session", () => {
    for (let id = 1; id <= 5; id += 1) ask(`a:${id}`);
    expect(() => ask("b:1")).toThrow(expect.objectContaining({ reason: "TOO_MANY_WAITERS" }));
    for (let id = 6; id <= 8; id += 1) ask(`a:${id}`, { key: `k${id}` });
    expect(() => ask("a:9", { key: "k9" })).toThrow(
      expect.objectContaining({ reason: "TOO_MANY_IN_FLIGHT" }),
    );
    expect(() => ask("b:1", { key: "k9" })).not.toThrow();
  });

  test("under an id that is open is refused", () => {
    ask("a:1");
    expect(() => ask("a:1", { key: "other" })).toThrow(/operation 1 is open/);
  });

  test("joins but opens nothing on a node that drains", () => {
    ask("a:1");
    ask("b:1", { mayOpen: false });
    expect(told()).toEqual(["a:1 granted 1", "b:1 waiting"]);
    const newer = { born: at(2), mayOpen: false };
    expect(() => ask("b:2", newer)).toThrow(expect.objectContaining({ reason: "DRAINING" }));
  });
});

describe("an answer", () => {
  beforeEach(() => {
    ask("a:1", { born: at(3) });
    ask("b:1", { born: at(2) });
    told();
  });

  test("goes to everybody, and says who waited for somebody else", () => {
    fills.put("k", token(1), at(3), 0);
    expect(told()).toEqual(["a:1 found", "b:1 found waited"]);
    expect(fills.size).toBe(0);
  });

  test("goes only to those whom it is recent enough for; the next of the others computes", () => {
    fills.put("k", token(1), at(2), 0);
    expect(told()).toEqual(["b:1 found waited", "a:1 granted 2"]);
  });

  test("without a token, or late under a dead one, wakes whom it is recent enough for", () => {
    fills.put("k", "", at(2), 0);
    expect(told()).toEqual(["b:1 found waited"]);
    fills.put("k", token(9), at(7), 0);
    expect(told()).toEqual(["a:1 found waited"]);
    expect(fills.begin("k", token(1), 0)).toBeUndefined();
  });

  test("of another key's token wakes nobody", () => {
    fills.put("other", token(1), at(3), 0);
    expect(told()).toEqual([]);
  });

  test("of another epoch wakes nobody", () => {
    fills.put("k", "", at(9, 2), 0);
    expect(told()).toEqual([]);
  });
});

describe("a token", () => {
  test("that expires goes to the next waiter with time left", () => {
    ask("a:1", { dueMs: 100 });
    ask("b:1", { dueMs: 100 });
    ask("c:1", { dueMs: 300 });
    told();
    fills.advance(99);
    expect(told()).toEqual([]);
    fills.advance(100);
    expect(told().sort()).toEqual([
      "a:1 refused DEADLINE_EXCEEDED",
      "b:1 refused DEADLINE_EXCEEDED",
      "c:1 granted 2",
    ]);
    expect(fills.begin("k", token(1), 100)).toBeUndefined();
    expect(fills.begin("k", token(2), 100)).toEqual({ input: undefined, remainingMs: 200 });
  });

  test("goes to whom nothing older will do", () => {
    ask("a:1", { born: at(5), dueMs: 100 });
    ask("b:1", { born: at(2) });
    ask("c:1", { born: at(4) });
    ask("d:1", { born: at(4) });
    told();
    fills.advance(100);
    expect(told().at(-1)).toBe("c:1 granted 2");
    // What the new holder computes may be born at 4: too old for this one.
    ask("e:1", { born: at(5) });
    expect(told()).toEqual(["e:1 granted 3"]);
  });

  test("is not given where another computation under way does", () => {
    ask("a:1", { born: at(2) });
    ask("b:1", { born: at(3), dueMs: 100 });
    ask("c:1", { born: at(2) });
    told();
    fills.advance(100);
    expect(told()).toEqual(["b:1 refused DEADLINE_EXCEEDED"]);
    expect(fills.size).toBe(1);
    fills.put("k", token(1), at(2), 100);
    expect(told()).toEqual(["a:1 found", "c:1 found waited"]);
  });

  test("is failed, and not begun again, when two workers began and none ended", () => {
    ask("a:1", { dueMs: 60_000 });
    ask("b:1", { dueMs: 90_000 });
    told();
    expect(fills.begin("k", token(1), 0)).toBeDefined();
    // The first holder's token is over: what became of its worker counts for the next one too.
    fills.advance(5_000);
    expect(told()).toEqual(["b:1 granted 2"]);
    expect(fills.begin("k", token(2), 5_000)).toBeDefined();
    expect(fills.begin("k", token(2), 7_000)).toBeUndefined();
    expect(told().sort()).toEqual(["a:1 failed POISON_JOB", "b:1 failed POISON_JOB"]);
    expect(fills.size).toBe(0);
  });

  test("lives five seconds from its worker's last sign", () => {
    ask("a:1", { dueMs: 60_000 });
    ask("b:1", { dueMs: 90_000 });
    told();
    expect(fills.begin("k", token(1), 1_000)?.remainingMs).toBe(89_000);
    fills.advance(5_999);
    expect(fills.keep("k", token(1), 5_999)).toBe(true);
    fills.advance(10_998);
    expect(told()).toEqual([]);
    fills.advance(10_999);
    // Rather not to the one whose worker has just failed.
    expect(told()).toEqual(["b:1 granted 2"]);
    expect(fills.keep("k", token(1), 10_999)).toBe(false);
    fills.begin("k", token(2), 11_000);
    fills.advance(16_000);
    expect(told()).toEqual(["a:1 granted 3"]);
  });

  test("that is given up ends its holder's wait and goes on", () => {
    ask("a:1");
    ask("b:1");
    told();
    expect(fills.release("k", token(1), 0)).toBe(true);
    expect(told()).toEqual(["a:1 missing", "b:1 granted 2"]);
    expect(fills.release("k", token(1), 0)).toBe(false);
    expect(fills.release("k", token(2), 0)).toBe(true);
    expect(told()).toEqual(["b:1 missing"]);
    expect(fills.size).toBe(0);
  });

  test("that failed fails everybody in its flight, and nobody else", () => {
    ask("a:1", { born: at(1) });
    ask("b:1", { born: at(1) });
    ask("c:1", { born: at(2) });
    told();
    const error = new KvringError("MODEL_FAILED", "no");
    expect(fills.fail("k", token(1), error)).toBe(true);
    expect(told()).toEqual(["a:1 failed MODEL_FAILED", "b:1 failed MODEL_FAILED"]);
    expect(fills.fail("k", token(1), error)).toBe(false);
    ask("d:1", { born: at(1) });
    expect(told()).toEqual(["d:1 waiting"]);
  });

  test("is dead under another key", () => {
    ask("a:1");
    expect(fills.begin("other", token(1), 0)).toBeUndefined();
    expect(fills.keep("other", token(1), 0)).toBe(false);
  });
});

describe("a cancel", () => {
  test("of the last waiter ends the flight, its token and its input", () => {
    ask("a:1");
    ask("b:1");
    fills.stage("k", token(1), Buffer.alloc(60));
    expect(fills.begin("k", token(1), 0)?.input).toHaveLength(60);
    fills.cancel(asker("a:1"), 0);
    expect(fills.stagedBytes).toBe(60);
    fills.cancel(asker("b:1"), 0);
    expect(fills.stagedBytes).toBe(0);
    expect(fills.keep("k", token(1), 0)).toBe(false);
    told();
    fills.cancel(asker("b:1"), 0);
    fills.put("k", token(1), at(1), 0);
    expect(told()).toEqual([]);
    expect(fills.nextMs).toBeUndefined();
  });

  test("of one that may never have heard of its token passes it on", () => {
    ask("a:1");
    ask("b:1");
    told();
    fills.cancel(asker("b:1"), 0);
    expect(told()).toEqual([]);
    ask("c:1");
    told();
    fills.cancel(asker("a:1"), 0);
    expect(told()).toEqual(["c:1 granted 2"]);
    expect(fills.keep("k", token(1), 0)).toBe(false);
    expect(fills.keep("k", token(2), 0)).toBe(true);
  });
});

describe("a session that closes", () => {
  test("passes its tokens on, but for those a worker began with", () => {
    ask("a:1");
    ask("b:1");
    ask("a:2", { key: "other" });
    ask("b:2", { key: "other" });
    fills.begin("other", token(2), 0);
    told();
    fills.sessionClosed("a", 0);
    expect(told()).toEqual(["b:1 granted 3"]);
    expect(fills.keep("other", token(2), 0)).toBe(true);
    expect(fills.waiting).toBe(2);
    fills.sessionClosed("b", 0);
    expect(told()).toEqual([]);
    expect([fills.size, fills.waiting, fills.nextMs]).toEqual([0, 0, undefined]);
  });
});

describe("staged inputs", () => {
  test("are bounded together, and replaced under one token", () => {
    ask("a:1");
    ask("a:2", { key: "other" });
    expect(fills.stage("k", token(1), Buffer.alloc(60))).toBe(true);
    expect(fills.stage("k", token(1), Buffer.alloc(70))).toBe(true);
    expect(fills.stagedBytes).toBe(70);
    expect(() => fills.stage("other", token(2), Buffer.alloc(31))).toThrow(
      expect.objectContaining({ reason: "QUEUE_FULL" }),
    );
    expect(fills.stage("other", token(9), Buffer.alloc(1))).toBe(false);
    fills.put("k", token(1), at(1), 0);
    expect(fills.stagedBytes).toBe(0);
  });

  test("go with the token they were staged under", () => {
    ask("a:1", { dueMs: 100 });
    ask("b:1");
    fills.stage("k", token(1), Buffer.alloc(60));
    fills.advance(100);
    expect(fills.stagedBytes).toBe(0);
    expect(fills.begin("k", token(2), 100)).toMatchObject({ input: undefined });
  });
});
