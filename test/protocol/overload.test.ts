/** More misses than the workers can compute in time, and clients that do not read their answers. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { metric } from "@kvring/cli/testing";
import { defaultBurn } from "@kvring/models";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectBalance } from "./support/accounting.ts";
import { type Cluster, startCluster } from "./support/cluster.ts";
import { cacheStatus, encodeInfer, type InferResponse } from "./support/plain-client.ts";
import { frame } from "./support/raw-call.ts";
import { refusalOf } from "./support/refusal.ts";
import { float32s, freshRequest, rawRequest } from "./support/requests.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster(["burn", "sum-difference", "dynamic-batch"]);
}, 60_000);

afterAll(() => cluster?.stop());

let asked = 0;

/** A request of a heavy model that nobody has asked before. */
function burn() {
  asked += 1;
  const vector = new Array<number>(defaultBurn.size).fill(asked);
  return rawRequest("burn", [float32s("x", vector, [1, defaultBurn.size])]);
}

/** So many at once, without a deadline of their own. */
function flood(count: number): { readonly all: Promise<InferResponse[]>; left(): number } {
  let left = count;
  const calls = Array.from({ length: count }, async () => {
    const answer = await cluster.client.infer(burn());
    left -= 1;
    return answer;
  });
  return { all: Promise.all(calls), left: () => left };
}

describe("under a flood of misses", () => {
  test("one that would be late is refused at once, and told when to come again", async () => {
    // What places so far back take is known from those who had them.
    await flood(40).all;
    const { all, left } = flood(40);
    const refusal = await refusalOf(cluster.client.infer(burn(), { deadlineMs: 400 }));
    expect(refusal).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "OVERLOADED" });
    expect(refusal.message).toMatch(/retry in \d+ ms, allow more time, or add workers$/);
    expect(left()).toBeGreaterThan(0);
    expect(await metric(cluster.server, "kvring_gateway_shed_total")).toBe(1);
    await all;
  });

  test("hits are answered, and so are misses of other models", async () => {
    const known = freshRequest();
    await cluster.client.infer(known);
    const { all, left } = flood(40);
    for (let hit = 0; hit < 20; hit += 1) {
      expect(cacheStatus(await cluster.client.infer(known))).toMatch(/^kvring; hit/);
    }
    await cluster.client.infer(freshRequest());
    expect(left()).toBeGreaterThan(0);
    await all;
  });

  test("every request is accounted for", async () => {
    await expectBalance(cluster.http);
  });
});

const rows = 50_000;
/** 0.8 MB in, 0.6 MB out. */
const large = rawRequest("dynamic-batch", [float32s("x", new Array(rows * 4).fill(1), [rows, 4])]);

/** Answers wait for us to say that there is room: we never do. */
function callWithoutReading(session: ClientHttp2Session, message: Buffer): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": "/inference.GRPCInferenceService/ModelInfer",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end(message);
  return stream;
}

test("clients that do not read hold a bounded amount, and the next are refused", async () => {
  await cluster.client.infer(large);
  const message = frame(encodeInfer(large));
  const session = connect(`http://${cluster.grpc}`, {
    settings: { initialWindowSize: 0 },
    // In megabytes: it is the server whose bound is asked for.
    maxSessionMemory: 1_000,
  });
  const statuses = Array.from(
    { length: 220 },
    () =>
      new Promise<string>((resolve, reject) => {
        callWithoutReading(session, message)
          // An answer has its status behind its message; a refusal has only a status.
          .on("response", (headers) => resolve(String(headers["grpc-status"] ?? "answering")))
          .on("error", reject);
      }),
  );
  const counts = Map.groupBy(await Promise.all(statuses), (status) => status);
  expect([...counts.keys()].sort()).toEqual(["8", "answering"]);
  // 256 MiB of requests and answers, and those that were on their way in meanwhile.
  expect(counts.get("answering")?.length).toBeLessThan(210);
  const gone = new Promise((resolve) => session.on("close", resolve));
  session.destroy();
  await gone;
  await expect
    .poll(() => cluster.client.infer(large).then(cacheStatus, () => "refused"), { timeout: 20_000 })
    .toMatch(/^kvring; hit/);
});
