import { createInProcessBus } from "@kvring/bus";
import {
  encodeEntry,
  encodeFailure,
  KvringError,
  type LifeRules,
  type Parameter,
} from "@kvring/core";
import { afterEach, describe, expect, test } from "vitest";
import { born, PathUnderTest, storedEntry } from "./testing/path.ts";

const control = (value: string): Parameter[] => [{ name: "cache_control", kind: "string", value }];
const remembered = { waited: false, stored: true };
const computed = { waited: true, stored: true };
const token = Buffer.from("token");

let under: PathUnderTest;

const start = async (rules: LifeRules): Promise<PathUnderTest> => {
  under = await PathUnderTest.start({}, createInProcessBus(), rules);
  return under;
};

afterEach(() => {
  const { requests, ...parts } = under.metrics.totals();
  expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(requests);
  expect(under.path.inFlight).toBe(0);
});

/** Asked, and answered by the primary with what expired `byMs` ago. */
function askStale(byMs: number, parameters: readonly Parameter[] = []) {
  const asked = under.ask(parameters);
  under.primary.asked.onFound(storedEntry({ ttlMs: -byMs }), remembered);
  return asked;
}

describe("while a model's answers may be stale", () => {
  test("one that expired is given, and refreshed once beside", async () => {
    await start({ ttlMs: 30_000, staleWhileRevalidateMs: 5_000 });
    const asked = askStale(2_500);
    expect(asked).toMatchObject({ responses: 1, status: "kvring; hit; ttl=-3; detail=stale" });
    const [stale, refresh] = under.primary.lookups;
    expect(stale?.request).toMatchObject({ minTtlMs: -5_000 });
    expect(refresh?.request).toMatchObject({ minTtlMs: 0 });
    askStale(2_600);
    // The second asker has its own look-up, and no refresh of its own.
    expect(under.primary.lookups).toHaveLength(3);
    expect(under.metrics.totals()).toMatchObject({ requests: 2, stale: 2 });
    expect(under.nearCache.size).toBe(0);
    refresh?.onGranted(token);
    expect(await under.nextJob()).toMatchObject({ born, staleMs: 60_000, replyTo: "" });
    refresh?.onFound(storedEntry(), computed);
    // The new one is near, and no request was counted for it.
    expect(under.ask().status).toBe("kvring; hit; ttl=60; detail=l1");
    expect(under.metrics.totals()).toMatchObject({ requests: 3, stale: 2, hit_l1: 1 });
  });

  test("the refresh is born where it begins, not where the first asker was admitted", async () => {
    await start({ staleWhileRevalidateMs: 5_000 });
    const asked = under.ask();
    under.coherence.position = { epoch: born.epoch, sequence: 12 };
    under.primary.asked.onFound(storedEntry({ ttlMs: -1 }), remembered);
    expect(asked.status).toMatch(/detail=stale/);
    under.primary.asked.onGranted(token);
    expect((await under.nextJob()).born).toEqual({ epoch: born.epoch, sequence: 12 });
  });

  test("what was invalidated is not given, however fresh it was", async () => {
    await start({ staleWhileRevalidateMs: 5_000 });
    under.coherence.position = { epoch: born.epoch, sequence: 12 };
    const asked = under.ask(control("max-stale=60"));
    const { asked: lookup } = under.primary;
    under.coherence.invalidated = 11;
    lookup.onFound(storedEntry({ ttlMs: -1 }), remembered);
    expect(asked.responses).toBe(0);
    expect(under.primary.asked.request.minBorn.sequence).toBe(11);
    asked.cancel();
  });

  test("who names an age, or wants nothing computed, refreshes nothing", async () => {
    await start({ staleWhileRevalidateMs: 5_000 });
    const aged = under.ask(control("max-age=60"));
    expect(under.primary.asked.request.minTtlMs).toBe(0);
    aged.cancel();
    expect(askStale(1_000, control("only-if-cached")).status).toMatch(/detail=stale/);
    expect(under.primary.lookups).toHaveLength(2);
  });

  test("nothing is refreshed without a lease, or beyond a thousand at a time", async () => {
    await start({ staleWhileRevalidateMs: 5_000 });
    const asked = under.ask();
    under.coherence.isLeased = false;
    under.primary.asked.onFound(storedEntry({ ttlMs: -1 }), remembered);
    expect(asked.status).toMatch(/detail=stale/);
    expect(under.primary.lookups).toHaveLength(1);
    under.coherence.isLeased = true;
    const { lookups } = under.primary;
    for (let n = 0; n < 1_001; n++) askStale(1, [{ name: "n", kind: "int64", value: BigInt(n) }]);
    expect(lookups).toHaveLength(1 + 2 * 1_001 - 1);
    lookups[2]?.onFound(storedEntry(), computed);
    askStale(1, [{ name: "n", kind: "int64", value: 1_000n }]);
    expect(lookups).toHaveLength(1 + 2 * 1_001 - 1 + 2);
  });

  test("a refresh that fails is not tried again at once", async () => {
    await start({ staleWhileRevalidateMs: 5_000, negativeTtlMs: 60_000 });
    askStale(1);
    const refresh = under.primary.asked;
    refresh.onGranted(token);
    // Its failure would take the place of the answer.
    expect((await under.nextJob()).negativeTtlMs).toBe(0);
    refresh.onFailed(new KvringError("MODEL_FAILED", "no"));
    expect(askStale(2).status).toMatch(/detail=stale/);
    expect(under.primary.lookups).toHaveLength(3);
    under.clock.advance(1_000);
    askStale(3);
    expect(under.primary.lookups).toHaveLength(5);
    expect(under.metrics.totals()).toMatchObject({ requests: 3, stale: 3, error: 0 });
  });
});

describe("max-stale", () => {
  test("takes what expired, and has nothing computed for it", async () => {
    await start({});
    expect(askStale(700, control("max-stale=3")).status).toBe("kvring; hit; ttl=-1; detail=stale");
    expect(under.primary.asked.request.minTtlMs).toBe(-3_000);
    expect(under.primary.lookups).toHaveLength(1);
    expect(under.metrics.totals()).toMatchObject({ stale: 1 });
  });
});

describe("an answer that expires soon", () => {
  const soon = { ttlMs: 90, costMs: 100 };

  test("is refreshed by the asker whom chance picks", async () => {
    await start({ earlyRefresh: 1 });
    under.draw = 0.99;
    under.ask();
    under.primary.asked.onFound(storedEntry(soon), remembered);
    under.ask();
    expect(under.primary.lookups).toHaveLength(1);
    under.draw = Math.exp(-1);
    expect(under.ask().status).toMatch(/detail=l1/);
    const refresh = under.primary.asked;
    expect(refresh.request).toMatchObject({ minTtlMs: 91, waitMs: 60_000 });
    under.ask();
    expect(under.primary.lookups).toHaveLength(2);
    refresh.onFound(storedEntry(), computed);
    expect(under.ask().status).toBe("kvring; hit; ttl=60; detail=l1");
  });

  test("is left alone by default", async () => {
    await start({});
    under.draw = 0;
    under.ask();
    under.primary.asked.onFound(storedEntry(soon), remembered);
    under.ask();
    expect(under.primary.lookups).toHaveLength(1);
  });
});

describe("a remembered failure", () => {
  const failure = new KvringError("MODEL_FAILED", "no row 9");
  const entry = encodeEntry(
    {
      ...{ born, ageMs: 0, ttlMs: 2_500, costMs: 0, digest: "ab".repeat(32), scopes: [] },
      isFailure: true,
    },
    encodeFailure(failure),
  );

  test("is told as it is to who waited, and as remembered to others, and is never near", async () => {
    await start({ negativeTtlMs: 2_500 });
    const first = under.ask();
    under.primary.asked.onGranted(token);
    expect((await under.nextJob()).negativeTtlMs).toBe(2_500);
    under.primary.asked.onFound(entry, computed);
    expect(first.error).toMatchObject({ reason: "MODEL_FAILED", message: "no row 9" });
    for (let round = 0; round < 2; round++) {
      const later = under.ask();
      under.primary.asked.onFound(entry, remembered);
      expect(later.error).toMatchObject({ reason: "MODEL_FAILED" });
      expect(later.error?.message).toMatch(/^no row 9 \(remembered; .* in 3 s, /);
    }
    expect(under.metrics.totals()).toMatchObject({ requests: 3, error: 3 });
  });

  test("takes no answer's place where memory is passed by", async () => {
    await start({ negativeTtlMs: 2_500 });
    const asked = under.ask(control("no-cache"));
    expect((await under.nextJob()).negativeTtlMs).toBe(0);
    asked.cancel();
  });

  test("is not wanted unless the model's owner says so", async () => {
    await start({});
    const asked = under.ask();
    under.primary.asked.onGranted(token);
    expect((await under.nextJob()).negativeTtlMs).toBe(0);
    asked.cancel();
  });
});

test.each<[number, Parameter[]]>([
  [60_000, []],
  [9_000, [{ name: "cache_ttl_ms", kind: "string", value: "9000" }]],
  [60_000, [{ name: "cache_ttl_ms", kind: "string", value: "90000" }]],
  [30_000, [{ name: "cache_tags", kind: "string", value: "prices" }]],
  [5_000, [{ name: "cache_tags", kind: "string", value: "prices, orders" }]],
])(
  "an answer lives for %i ms, the shortest that is said, asked for with %j",
  async (ttlMs, parameters) => {
    await start({ ttlMs: 60_000, tagTtlMs: { prices: 30_000, orders: 5_000 } });
    const asked = under.ask(parameters);
    under.primary.asked.onGranted(token);
    expect((await under.nextJob()).ttlMs).toBe(ttlMs);
    asked.cancel();
  },
);

describe("an answer that few ask for", () => {
  test.each<[number | undefined, number, number]>([
    [1, 5_000, 0],
    [2, 5_000, 0],
    [3, 60_000, 60_000],
    [undefined, 60_000, 60_000],
  ])("asked for %j times lately, lives for %i ms", async (asks, ttlMs, staleMs) => {
    await start({ ttlMs: 60_000, activity: { asks: 3, inactiveTtlMs: 5_000 } });
    const asked = under.ask();
    under.primary.asked.onGranted(token, asks);
    expect(await under.nextJob()).toMatchObject({ ttlMs, staleMs });
    asked.cancel();
  });
});
