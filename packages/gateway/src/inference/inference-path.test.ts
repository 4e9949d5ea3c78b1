import { createInProcessBus } from "@kvring/bus";
import { KvringError, limits, type Parameter } from "@kvring/core";
import { encodeDirectRequest, encodeRequest, scanRequest } from "@kvring/wire";
import { beforeEach, describe, expect, test } from "vitest";
import { heard } from "../catalog/testing/catalog.ts";
import { defaultGatewayOptions } from "../options.ts";
import { born, PathUnderTest, storedEntry } from "./testing/path.ts";

const control = (value: string): Parameter[] => [{ name: "cache_control", kind: "string", value }];
const computed = { waited: true, stored: true };
const remembered = { waited: false, stored: true };
const token = Buffer.from("token");

let under: PathUnderTest;

beforeEach(async () => {
  under = await PathUnderTest.start();
});

/** All that every test must leave behind: each request answered once, and counted once. */
function settled(requests: number): void {
  const { requests: counted, ...parts } = under.metrics.totals();
  expect(counted).toBe(requests);
  expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(requests);
  expect(under.path.inFlight).toBe(0);
}

describe("an answer from memory", () => {
  test("comes from a node first, and from the near cache afterwards, the same bytes", () => {
    const first = under.ask([], { id: "1" });
    under.primary.asked.onFound(storedEntry(), remembered);
    const second = under.ask([], { id: "2" });
    under.clock.advance(3_000);
    const third = under.ask([], { id: "3" });
    expect(first).toMatchObject({ responses: 1, status: "kvring; hit; ttl=60; detail=node" });
    expect(second).toMatchObject({ responses: 1, status: "kvring; hit; ttl=60; detail=l1" });
    expect(third).toMatchObject({ responses: 1, status: "kvring; hit; ttl=57; detail=l1" });
    expect([first, second, third].map(({ answer }) => answer?.id)).toEqual(["1", "2", "3"]);
    expect(second.answer?.outputs).toEqual(first.answer?.outputs);
    expect(under.primary.lookups).toHaveLength(1);
    expect(under.metrics.totals()).toMatchObject({ hit_node: 1, hit_l1: 2 });
    settled(3);
  });

  test("of another epoch is neither given nor kept", () => {
    const asked = under.ask();
    under.primary.asked.onFound(storedEntry({ epoch: 4 }), remembered);
    expect(asked).toMatchObject({ responses: 1, error: { reason: "INTERNAL" } });
    expect(under.nearCache.size).toBe(0);
    settled(1);
  });

  test("near is not given any more when the log begins anew", () => {
    under.ask();
    under.primary.asked.onFound(storedEntry(), remembered);
    under.coherence.position = { epoch: 4, sequence: 1 };
    const asked = under.ask();
    expect(asked.responses).toBe(0);
    expect(under.primary.asked.request.minBorn).toEqual({ epoch: 4, sequence: 0 });
    asked.cancel();
    settled(2);
  });

  test("that is too old for max-age is asked for anew", () => {
    under.ask();
    under.primary.asked.onFound(storedEntry(), remembered);
    under.clock.advance(2_000);
    const asked = under.ask(control("max-age=1"));
    expect(asked.responses).toBe(0);
    expect(under.primary.asked.request.maxAgeMs).toBe(1_000);
    asked.cancel();
    settled(2);
  });

  test("that cannot be read is an error, not a wait", () => {
    const asked = under.ask();
    under.primary.asked.onFound(Buffer.from("garbage"), remembered);
    expect(asked).toMatchObject({ responses: 1, error: { reason: "ENTRY_MALFORMED" } });
    settled(1);
  });

  test("tells on request how it came about", () => {
    const asked = under.ask([{ name: "cache_debug", kind: "bool", value: true }]);
    under.primary.asked.onFound(storedEntry(), remembered);
    const shown = Object.fromEntries(
      [...(asked.answer?.parameters.values() ?? [])].map((parameter) => [
        parameter.name,
        parameter.kind === "none" ? "" : parameter.value,
      ]),
    );
    expect(shown).toMatchObject({
      cache_debug_key: expect.stringMatching(/^[0-9a-f]{64}$/),
      cache_debug_born: "3:9",
      cache_debug_owners: "n1,n2",
      cache_debug_cost_ms: 4,
    });
  });
});

describe("a miss", () => {
  test("is computed by a job that the token's holder publishes", async () => {
    const asked = under.ask([{ name: "cache_ttl_ms", kind: "int64", value: 5_000n }]);
    under.primary.asked.onGranted(token);
    const job = await under.nextJob();
    expect(job).toMatchObject({
      model: "sums",
      version: "1",
      born,
      ttlMs: 5_000,
      owners: [
        { nodeId: "n1", address: "n1:8101" },
        { nodeId: "n2", address: "n2:8101" },
      ],
      replyTo: "",
      stagedBytes: 0,
    });
    expect(Buffer.from(job.token)).toEqual(token);
    expect(scanRequest(job.request).modelName).toBe("sums");
    under.primary.asked.onFound(storedEntry(), computed);
    expect(asked).toMatchObject({ responses: 1, status: "kvring; fwd=miss; stored" });
    expect(under.metrics.totals()).toMatchObject({ miss: 1 });
    settled(1);
  });

  test("of somebody else is joined", () => {
    const asked = under.ask();
    under.primary.asked.onWaiting();
    under.primary.asked.onFound(storedEntry(), computed);
    expect(asked.status).toBe("kvring; fwd=miss; collapsed");
    expect(under.metrics.totals()).toMatchObject({ coalesced: 1 });
    settled(1);
  });

  test("whose computation failed is an error, which nobody remembers", () => {
    const asked = under.ask();
    under.primary.asked.onWaiting();
    under.primary.asked.onFailed(new KvringError("MODEL_FAILED", "no"));
    expect(asked).toMatchObject({ responses: 1, error: { reason: "MODEL_FAILED" } });
    expect(under.nearCache.size).toBe(0);
    under.ask().cancel();
    expect(under.primary.lookups).toHaveLength(2);
    settled(2);
  });

  test("with a large input leaves it at the owner, and the job carries its size", async () => {
    const large = under.ask([], { id: "x".repeat(limits.inlineBytes) });
    under.primary.asked.onGranted(token);
    const job = await under.nextJob();
    expect(job.request).toHaveLength(0);
    expect(job.stagedBytes).toBe(under.primary.staged[0]?.input.length);
    expect(job.stagedBytes).toBeGreaterThan(limits.inlineBytes);
    large.cancel();
    settled(1);
  });

  test("with a large input publishes nothing when the token ended meanwhile", async () => {
    under.primary.tokenIsAlive = false;
    const asked = under.ask([], { id: "x".repeat(limits.inlineBytes) });
    under.primary.asked.onGranted(token);
    await heard();
    expect(await under.bus.queue.depth()).toBe(0);
    expect(asked.responses).toBe(0);
    asked.cancel();
  });

  test("that the queue has no room for gives its token back", async () => {
    under = await PathUnderTest.start({}, createInProcessBus({ queueJobs: 0 }));
    const asked = under.ask();
    under.primary.asked.onGranted(token);
    await heard();
    expect(asked).toMatchObject({ responses: 1, error: { reason: "QUEUE_FULL" } });
    expect(under.primary.released).toMatchObject([{ token }]);
    settled(1);
  });

  test("is given up when the client cancels, or its deadline passes", () => {
    const cancelled = under.ask();
    const lookup = under.primary.asked;
    cancelled.cancel();
    expect(cancelled).toMatchObject({ responses: 1, error: { reason: "CANCELLED" } });
    expect(lookup.cancelled).toBe(true);
    const late = under.ask();
    under.primary.asked.onWaiting();
    under.clock.advance(60_000);
    expect(late).toMatchObject({ responses: 1, error: { reason: "DEADLINE_EXCEEDED" } });
    under.primary.asked.onFound(storedEntry(), computed);
    expect(late.responses).toBe(1);
    settled(2);
  });
});

describe("without the cache", () => {
  async function answerDirectly(job: { readonly token: Uint8Array; readonly replyTo: string }) {
    const bytes = storedEntry();
    const answer = { kind: "answer", token: job.token, offset: 0, totalBytes: bytes.length, bytes };
    const request = encodeDirectRequest({ ...answer, kind: "answer" });
    await under.bus.courier.request(job.replyTo, request, 1_000);
  }

  test.each([
    ["no-cache", 2, "kvring; fwd=bypass; stored"],
    ["no-store", 0, "kvring; fwd=bypass"],
  ])(
    "%s is computed for this request alone, and kept by %i nodes",
    async (directive, owners, status) => {
      const asked = under.ask(control(directive), { id: "7" });
      const job = await under.nextJob();
      expect(job).toMatchObject({ replyTo: under.desk.address, born });
      expect(job.owners).toHaveLength(owners);
      await answerDirectly(job);
      expect(asked).toMatchObject({
        responses: 1,
        status,
        answer: { id: "7" },
      });
      expect(under.primary.lookups).toHaveLength(0);
      expect(under.nearCache.size).toBe(0);
      expect(under.metrics.totals()).toMatchObject({ bypass: 1 });
      settled(1);
    },
  );

  test("no-cache goes past an answer that is near", () => {
    under.ask();
    under.primary.asked.onFound(storedEntry(), remembered);
    const asked = under.ask(control("no-cache"));
    expect(asked.responses).toBe(0);
    asked.cancel();
    settled(2);
  });

  test("a request is served while no node can be reached", async () => {
    under.owners = [];
    const asked = under.ask();
    await answerDirectly(await under.nextJob());
    expect(asked).toMatchObject({ responses: 1, status: "kvring; fwd=miss; detail=no-node" });
    expect(under.metrics.totals()).toMatchObject({ miss: 1 });
    settled(1);
  });

  test("a failed computation is an error", async () => {
    const asked = under.ask(control("no-store"));
    const { token: jobToken, replyTo } = await under.nextJob();
    const failure = {
      kind: "failure",
      token: jobToken,
      reason: "MODEL_FAILED",
      message: "no",
    } as const;
    await under.bus.courier.request(replyTo, encodeDirectRequest(failure), 1_000);
    expect(asked).toMatchObject({ responses: 1, error: { reason: "MODEL_FAILED", message: "no" } });
    settled(1);
  });
});

describe("only-if-cached", () => {
  test.each([
    ["is not there", (path: PathUnderTest) => path.links.map((link) => link.asked.onMissing())],
    ["cannot be asked for", () => {}],
  ])("is refused as NOT_CACHED when the answer %s", (why, say) => {
    if (why === "cannot be asked for") under.owners = [];
    const asked = under.ask(control("only-if-cached"));
    say(under);
    expect(asked).toMatchObject({ responses: 1, error: { reason: "NOT_CACHED" } });
    settled(1);
  });

  test("waits for nobody", () => {
    under.ask(control("only-if-cached")).cancel();
    expect(under.primary.asked.request.waitMs).toBe(0);
  });
});

describe("a request is refused before it costs anyone", () => {
  test("when it cannot be read, or asks for what is not there", () => {
    const garbage = under.send(Buffer.from([0xff]));
    const unknown = under.ask([], { model: "mnist" });
    expect(garbage).toMatchObject({ responses: 1, error: { reason: "MESSAGE_MALFORMED" } });
    expect(unknown).toMatchObject({ responses: 1, error: { reason: "MODEL_NOT_FOUND" } });
    expect(under.primary.lookups).toHaveLength(0);
    expect(under.metrics.totals()).toMatchObject({ error: 2 });
    settled(2);
  });

  test("while there is no lease, and none comes in time", () => {
    under.coherence.isLeased = false;
    const asked = under.ask();
    under.clock.advance(defaultGatewayOptions.leaseWaitMs - 1);
    expect(asked.responses).toBe(0);
    under.clock.advance(1);
    expect(asked).toMatchObject({ responses: 1, error: { reason: "BUS_UNAVAILABLE" } });
    settled(1);
  });

  test("when too many are under way, and not any more when one has ended", async () => {
    under = await PathUnderTest.start({ inFlight: 2 });
    const open = [under.ask(), under.ask()];
    expect(under.ask()).toMatchObject({ responses: 1, error: { reason: "TOO_MANY_IN_FLIGHT" } });
    expect(under.path.inFlight).toBe(2);
    open[0]?.cancel();
    const next = under.ask();
    expect(next.responses).toBe(0);
    next.cancel();
    open[1]?.cancel();
    settled(4);
  });
});

describe("the client's deadline", () => {
  const message = encodeRequest({
    model: "sums",
    inputs: ["a", "b"].map((name) => ({
      name,
      datatype: "INT32",
      shape: [2],
      data: Buffer.alloc(8),
    })),
  });

  test.each([
    ["its own time", 1_500, 1_500],
    ["the gateway's patience where it has none", undefined, 60_000],
    ["a day at most", Number.MAX_SAFE_INTEGER, 86_400_000],
  ])("is %s", (_, remainingMs, waitMs) => {
    const asked = under.send(message, remainingMs);
    expect(under.primary.asked.request.waitMs).toBe(waitMs);
    under.primary.asked.onWaiting();
    under.clock.advance(waitMs);
    expect(asked).toMatchObject({ responses: 1, error: { reason: "DEADLINE_EXCEEDED" } });
    settled(1);
  });

  test("that has passed already ends the request without asking anybody", async () => {
    const asked = under.send(message, 0);
    await heard();
    expect(await under.bus.queue.depth()).toBe(0);
    under.clock.advance(0);
    expect(asked).toMatchObject({ responses: 1, error: { reason: "DEADLINE_EXCEEDED" } });
    expect(under.primary.lookups).toHaveLength(0);
    settled(1);
  });
});
