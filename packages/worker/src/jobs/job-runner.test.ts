import { createInProcessBus, type LogReader } from "@kvring/bus";
import { Entry, KvringError, type Position, silentLog, type Tensor } from "@kvring/core";
import type { Computation, ModelArtifact, Runtime } from "@kvring/runtime";
import {
  type DirectRequest,
  decodeDirectRequest,
  decodeResponse,
  encodeDirectReply,
  encodeMissJob,
  encodeRequest,
  type MissJob,
} from "@kvring/wire";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WorkerMetrics } from "../metrics.ts";
import { DeferredJobs } from "./deferred-jobs.ts";
import { JobRunner } from "./job-runner.ts";
import { NodeLinks } from "./node-links.ts";
import { ReplicaCopies } from "./replica-copies.ts";
import { Room } from "./room.ts";

import { ScriptedNode } from "./testing/scripted-node.ts";

const digest = "ab".repeat(32);
const born = { epoch: 3, sequence: 9 };
const token = Buffer.from("token");
const key = Buffer.alloc(32, 1);
const sum = {
  name: "sum",
  datatype: "INT32",
  shape: [1],
  data: Buffer.from([3, 0, 0, 0]),
} as const;
const artifact: ModelArtifact = {
  name: "sums",
  version: "1",
  digest,
  path: "/models/sums/1/model.onnx",
  signature: {
    inputs: [{ name: "a", datatype: "INT32", shape: [1] }],
    outputs: [{ name: "sum", datatype: "INT32", shape: [1] }],
  },
  config: { tags: [], versions: "all", threads: 1 },
};
const request = encodeRequest({
  model: "sums",
  inputs: [{ name: "a", datatype: "INT32", shape: [1], data: Buffer.from([2, 0, 0, 0]) }],
});

let nodes: Map<string, ScriptedNode>;
let registry: Registry;
let runner: JobRunner;
let copies: ReplicaCopies;
let deferred: DeferredJobs;
let reached: Position;
/** What the runtime does when it is run. */
let compute: () => Promise<Computation>;
let runs: {
  readonly digest: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
}[];
/** What the gateway of direct jobs was asked. */
let asked: DirectRequest[];

beforeEach(async () => {
  nodes = new Map(["n1", "n2", "n3"].map((id) => [id, new ScriptedNode(id)]));
  registry = new Registry();
  reached = born;
  compute = async () => ({ outputs: [sum], computeMs: 4, batchRows: 1 });
  runs = [];
  asked = [];
  const runtime: Runtime = {
    slots: 1,
    appetite: () => 1,
    load: async () => {},
    unload: async () => {},
    close: async () => {},
    run: (...[ranDigest, inputs, outputs]) => {
      runs.push({ digest: ranDigest, inputs, outputs });
      return compute();
    },
  };
  const reader: LogReader = {
    get position() {
      return reached;
    },
    reached: async (sequence) => {
      if (reached.sequence < sequence) throw new KvringError("BUS_UNAVAILABLE", "it lags behind");
    },
    stop: async () => {},
  };
  const { courier } = createInProcessBus();
  await courier.serve("direct.gw-1", async (body) => {
    asked.push(decodeDirectRequest(body));
    return encodeDirectReply({ alive: true, input: Buffer.alloc(0), remainingMs: 500 });
  });
  const links = new NodeLinks(({ nodeId }) => node(nodeId));
  copies = new ReplicaCopies({ links, log: silentLog });
  deferred = new DeferredJobs({ links, log: silentLog });
  runner = new JobRunner({
    links,
    copies,
    deferred,
    runtime,
    reader,
    courier,
    log: silentLog,
    metrics: new WorkerMetrics(registry, { models: () => 1 }),
    room: new Room({ places: 2, bytes: 1_000 }),
  });
});

afterEach(() => {
  vi.useRealTimers();
});

function node(id: string): ScriptedNode {
  const found = nodes.get(id);
  if (found === undefined) throw new Error(`no node ${id}`);
  return found;
}

function run(parts: Partial<MissJob> = {}): Promise<void> {
  const owners = ["n1", "n2", "n3"].map((nodeId) => ({ nodeId, address: `${nodeId}:8101` }));
  const job = {
    ...{ key, token, digest, born, owners, request, model: "sums", version: "1", ttlMs: 60_000 },
    ...{ scopes: [5n, 6n], replyTo: "", stagedBytes: 0, traceParent: "" },
    ...{ staleMs: 9, negativeTtlMs: 0, policy: "lfu" as const },
  };
  return runner.run(artifact, { body: encodeMissJob({ ...job, ...parts }) });
}

async function counted(metric: string): Promise<string[]> {
  const lines = (await registry.metrics()).split("\n");
  return lines.filter((line) => line.startsWith(metric)).map((line) => line.slice(metric.length));
}

function puts(): readonly (readonly [string, string])[] {
  return [...nodes.values()].flatMap(({ nodeId, puts: all }) =>
    all.map(({ token: given }) => [nodeId, given === undefined ? "copy" : String(given)] as const),
  );
}

describe("a job", () => {
  test("is computed, and its answer goes to the token's holder and to the replicas", async () => {
    await run();
    expect(runs).toMatchObject([{ digest, outputs: ["sum"], inputs: [{ name: "a", shape: [1] }] }]);
    expect(puts()).toEqual([
      ["n1", "token"],
      ["n2", "copy"],
      ["n3", "copy"],
    ]);
    const entry = new Entry(node("n1").puts[0]?.entry ?? new Uint8Array(0));
    expect(entry.header).toEqual({
      born,
      digest,
      ageMs: 0,
      ttlMs: 60_000,
      costMs: 4,
      scopes: [5n, 6n],
      staleMs: 9,
      policy: "lfu",
    });
    const answer = decodeResponse(entry.body);
    expect(answer).toMatchObject({ model: "sums", version: "1", id: "" });
    expect(answer.outputs).toMatchObject([{ name: "sum", datatype: "INT32", shape: [1] }]);
    for (const id of ["n2", "n3"])
      expect(node(id).puts[0]?.entry).toEqual(node("n1").puts[0]?.entry);
    expect(await counted("kvring_worker_computations_total")).toEqual(['{model="sums"} 1']);
  });

  test("without a life wakes who waits, and is not kept", async () => {
    await run({ ttlMs: 0 });
    expect(node("n1").puts).toMatchObject([{ store: false }]);
  });

  test("takes its input from where it was staged", async () => {
    node("n1").begun = { alive: true, input: request, remainingMs: 10 };
    await run({ request: new Uint8Array(0), stagedBytes: request.length });
    expect(runs).toHaveLength(1);
  });

  test.each([
    ["nothing is there", undefined],
    ["something else is there", request.subarray(1)],
  ])("fails when its input was staged, and %s", async (_, input) => {
    node("n1").begun = { alive: true, input, remainingMs: 10 };
    await run({ request: new Uint8Array(0), stagedBytes: request.length });
    expect(runs).toHaveLength(0);
    expect(node("n1").failures).toMatchObject([{ error: { reason: "INPUT_LOST" } }]);
    expect(puts()).toEqual([]);
  });

  test("prolongs its token every second while it is computed, and not afterwards", async () => {
    vi.useFakeTimers();
    const result = Promise.withResolvers<Computation>();
    compute = () => result.promise;
    const done = run();
    await vi.advanceTimersByTimeAsync(3_500);
    expect(node("n1").keeps).toHaveLength(3);
    result.resolve({ outputs: [sum], computeMs: 3_500, batchRows: 1 });
    await done;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(node("n1").keeps).toHaveLength(3);
  });

  test("goes to the runtime beside others, which it may run together with", async () => {
    const first = Promise.withResolvers<Computation>();
    compute = () => first.promise;
    const all = [run(), run(), run()];
    await vi.waitFor(() => expect(runs).toHaveLength(2), { interval: 1 });
    // The third is not even begun: there is no room for it.
    expect(node("n1").begins).toHaveLength(2);
    first.resolve({ outputs: [sum], computeMs: 1, batchRows: 2 });
    await Promise.all(all);
    expect(runs).toHaveLength(3);
    expect(await counted("kvring_worker_batch_rows_sum")).toEqual(['{model="sums"} 6']);
  });
});

describe("a job that nobody waits for", () => {
  test.each([
    ["its token ended", { alive: false }],
    ["its time is over", { alive: true, input: undefined, remainingMs: 0 }],
  ] as const)("since %s is dropped", async (_, begun) => {
    node("n1").begun = begun;
    await run();
    expect(runs).toHaveLength(0);
    expect(puts()).toEqual([]);
    expect(await counted("kvring_worker_dropped_jobs_total")).toEqual(['{why="abandoned"} 1']);
  });

  test("since it has neither owner nor gateway is dropped", async () => {
    await run({ owners: [] });
    expect(await counted("kvring_worker_dropped_jobs_total")).toEqual(['{why="holder-lost"} 1']);
  });
});

describe("a job that fails", () => {
  test.each([
    ["MODEL_FAILED", "the model divided by zero"],
    ["MODEL_CRASHED", "the child died"],
  ] as const)(
    "with %s is delivered as a failure, and kept only where that is wanted",
    async (reason, message) => {
      compute = () => Promise.reject(new KvringError(reason, message));
      await run();
      expect(node("n1").failures).toMatchObject([{ key, token, error: { reason, message } }]);
      expect(puts()).toEqual([]);
      await run({ negativeTtlMs: 3_000 });
      expect(puts()).toHaveLength(reason === "MODEL_FAILED" ? 3 : 0);
      expect(await counted("kvring_worker_failed_jobs_total")).toEqual([`{reason="${reason}"} 2`]);
      expect(await counted("kvring_worker_computations_total")).toEqual([]);
    },
  );

  test("since its request does not fit the model is a failure", async () => {
    await run({ request: encodeRequest({ model: "sums", inputs: [] }) });
    expect(node("n1").failures).toMatchObject([{ error: { reason: "INPUT_MISSING" } }]);
  });

  test("since the log began anew is a failure: its birth means nothing any more", async () => {
    reached = { epoch: 4, sequence: 100 };
    await run();
    expect(runs).toHaveLength(0);
    expect(node("n1").failures).toMatchObject([{ error: { reason: "INPUT_LOST" } }]);
  });

  test("since this worker lags behind the asker is a failure", async () => {
    reached = { epoch: 3, sequence: 8 };
    await run();
    expect(runs).toHaveLength(0);
    expect(node("n1").failures).toMatchObject([{ error: { reason: "BUS_UNAVAILABLE" } }]);
  });

  test("to reach an owner has answered all the same", async () => {
    node("n2").broken = new KvringError("LINK_LOST", "gone");
    await run();
    expect(puts().map(([id]) => id)).toEqual(["n1", "n2", "n3"]);
    const holder = node("n1");
    compute = async () => {
      holder.broken = new KvringError("LINK_LOST", "gone");
      return { outputs: [sum], computeMs: 1, batchRows: 1 };
    };
    await run();
    expect(node("n3").puts).toHaveLength(2);
  });
});

describe("a job whose holder this worker cannot reach", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });

  test("is begun when it can, and is nobody else's meanwhile", async () => {
    node("n1").become("connecting");
    const taken = run();
    await vi.advanceTimersByTimeAsync(1_000);
    await taken;
    expect(runs).toHaveLength(0);
    node("n1").become("up");
    await deferred.idle(60_000);
    expect(puts()).toContainEqual(["n1", "token"]);
    expect(await counted("kvring_worker_dropped_jobs_total")).toEqual([]);
  });

  test("is attempted again when the link breaks at its beginning", async () => {
    node("n1").broken = new KvringError("LINK_LOST", "gone");
    await run();
    expect(runs).toHaveLength(0);
    node("n1").broken = undefined;
    await vi.advanceTimersByTimeAsync(1_000);
    await deferred.idle(60_000);
    expect(puts()).toContainEqual(["n1", "token"]);
  });

  test("is attempted again when its end could not be told", async () => {
    compute = async () => {
      node("n1").broken = new KvringError("LINK_LOST", "gone");
      throw new KvringError("MODEL_FAILED", "no");
    };
    await run();
    node("n1").broken = undefined;
    compute = async () => ({ outputs: [sum], computeMs: 1, batchRows: 1 });
    await vi.advanceTimersByTimeAsync(1_000);
    await deferred.idle(60_000);
    expect(puts()).toContainEqual(["n1", "token"]);
  });

  test("is given up after ten seconds", async () => {
    node("n1").become("connecting");
    const taken = run();
    await vi.advanceTimersByTimeAsync(11_000);
    await taken;
    await vi.advanceTimersByTimeAsync(11_000);
    await deferred.idle(60_000);
    expect(runs).toHaveLength(0);
    expect(await counted("kvring_worker_dropped_jobs_total")).toEqual(['{why="holder-lost"} 1']);
  });
});

describe("a replica", () => {
  test("that does not answer holds up nothing", async () => {
    // Still open, and nobody has waited for it.
    const slow = node("n2");
    const arrived = Promise.withResolvers<boolean>();
    slow.put = () => arrived.promise;
    await run();
    await run();
    expect(runs).toHaveLength(2);
    arrived.resolve(true);
    await copies.idle();
  });

  test("that is gone holds up nothing", async () => {
    node("n2").become("closed");
    await run();
    expect(puts().map(([id]) => id)).toEqual(["n1", "n3"]);
  });
});

describe("a direct job", () => {
  test("is answered to its gateway; its owners get copies", async () => {
    await run({ replyTo: "direct.gw-1" });
    expect(asked.map(({ kind }) => kind)).toEqual(["begin", "answer"]);
    const [, answer] = asked;
    if (answer?.kind !== "answer") throw new Error("an answer");
    expect(new Entry(answer.bytes).born).toEqual(born);
    expect(puts()).toEqual([
      ["n1", "copy"],
      ["n2", "copy"],
      ["n3", "copy"],
    ]);
    expect(node("n1").begins).toEqual([]);
  });

  test("that fails is told to its gateway", async () => {
    compute = () => Promise.reject(new KvringError("MODEL_FAILED", "no"));
    await run({ replyTo: "direct.gw-1", owners: [] });
    expect(asked).toMatchObject([
      { kind: "begin" },
      { kind: "failure", reason: "MODEL_FAILED", message: "no" },
    ]);
  });

  test("whose gateway is gone is given again", async () => {
    await expect(run({ replyTo: "direct.gw-2" })).rejects.toMatchObject({
      reason: "BUS_UNAVAILABLE",
    });
  });
});
