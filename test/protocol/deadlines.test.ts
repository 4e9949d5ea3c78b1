/** Callers who will not wait for ever, and callers who go away, before a model that takes long. */
import { eventually, metric } from "@kvring/cli/testing";
import { defaultBurn } from "@kvring/models";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectBalance } from "./support/accounting.ts";
import { type Cluster, startCluster } from "./support/cluster.ts";
import { cacheStatus, encodeInfer, type PlainClient, stored } from "./support/plain-client.ts";
import { frame, rawCall } from "./support/raw-call.ts";
import { refusalOf } from "./support/refusal.ts";
import { float32s, freshRequest, rawRequest, readFloat32s } from "./support/requests.ts";

let cluster: Cluster;
let client: PlainClient;

beforeAll(async () => {
  cluster = await startCluster(["burn", "sum-difference"]);
  client = cluster.client;
  // The first run of a session takes longer than others.
  await client.infer(burn(0.125));
}, 60_000);

afterAll(() => cluster?.stop());

let asked = 1;

/** A request of `burn` that nobody has asked before, unless a value is given. */
function burn(value?: number) {
  asked += 1;
  const vector = new Array<number>(defaultBurn.size).fill(value ?? asked);
  return rawRequest("burn", [float32s("x", vector, [1, defaultBurn.size])]);
}

const queued = 10;

/** Gives the model so much to do that what is asked next has to wait. */
async function queueUp(): Promise<void> {
  await Promise.all(Array.from({ length: queued }, () => client.infer(burn())));
}

const read = (name: string): Promise<number> => metric(cluster.server, name);

/** Resolves when nobody waits and nothing is left to compute. */
async function becomesIdle(): Promise<void> {
  await eventually(async () => {
    const [inFlight, tokens] = await Promise.all([
      read("kvring_gateway_in_flight"),
      read("kvring_node_open_tokens"),
    ]);
    return inFlight + tokens === 0 ? undefined : `${inFlight} in flight, ${tokens} tokens`;
  });
}

async function expectServes(): Promise<void> {
  expect(cacheStatus(await client.infer(freshRequest()))).toBe(stored);
}

describe("a deadline", () => {
  test("is kept by the server, which says so by itself", async () => {
    for (const timeout of ["5m", "1n"]) {
      const path = "/inference.GRPCInferenceService/ModelInfer";
      const reply = await rawCall(cluster.grpc, path, frame(encodeInfer(burn())), {
        "grpc-timeout": timeout,
      });
      // grpc-js itself says so, at the very moment and without details.
      expect(reply.status).toBe(4);
    }
    await expectServes();
  });

  test("ends a client's call, and the same request without one is answered", async () => {
    const request = burn();
    const refusal = await refusalOf(client.infer(request, { deadlineMs: 5 }));
    expect(refusal.code).toBe("DEADLINE_EXCEEDED");
    const answer = await client.infer(request);
    expect(readFloat32s(answer.raw_output_contents[0])[0]).toBeCloseTo(asked, 1);
    await expectServes();
  });

  test("that is long enough changes nothing", async () => {
    const request = burn();
    expect(cacheStatus(await client.infer(request, { deadlineMs: 20_000 }))).toBe(stored);
  });

  test("of one does not end the patience of others who wait for the same answer", async () => {
    const before = queueUp();
    const request = burn();
    const hasty = refusalOf(client.infer(request, { deadlineMs: 50 }));
    const patient = Promise.all([client.infer(request), client.infer(request)]);
    // Late, or known to become late.
    expect(["DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"]).toContain((await hasty).code);
    for (const answer of await patient) expect(answer.raw_output_contents).toHaveLength(1);
    await before;
  });

  test("that is over takes the job out of the queue", async () => {
    const before = await read("kvring_worker_computations_total");
    const hasty = Array.from({ length: 30 }, () => client.infer(burn(), { deadlineMs: 60 }));
    await Promise.allSettled(hasty);
    await becomesIdle();
    // Behind all that was left in the queue.
    await client.infer(burn());
    const after = await read("kvring_worker_computations_total");
    expect(after - before).toBeLessThan(hasty.length);
  });
});

describe("a caller who goes away", () => {
  test("is let go, and the next is served", async () => {
    const leaving = new AbortController();
    const before = await read("kvring_worker_computations_total");
    const calls = Array.from({ length: 30 }, () =>
      client.infer(burn(), { signal: leaving.signal }),
    );
    const ends = Promise.allSettled(calls);
    await eventually(async () => {
      const inFlight = await read("kvring_gateway_in_flight");
      return inFlight >= 10 ? undefined : `${inFlight} in flight`;
    });
    leaving.abort();
    const left = (await ends).flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
    expect(left.length).toBeGreaterThan(0);
    for (const error of left) {
      expect((await refusalOf(Promise.reject(error))).code).toBe("CANCELLED");
    }
    await becomesIdle();
    await expectServes();
    await client.infer(burn());
    const after = await read("kvring_worker_computations_total");
    expect(after - before).toBeLessThan(calls.length);
  });

  test("does not take the answer from others who wait for it", async () => {
    const before = queueUp();
    const leaving = new AbortController();
    const request = burn();
    const first = refusalOf(client.infer(request, { signal: leaving.signal }));
    const second = client.infer(request);
    await eventually(async () => {
      const inFlight = await read("kvring_gateway_in_flight");
      return inFlight >= queued / 2 + 2 ? undefined : `${inFlight} in flight`;
    });
    leaving.abort();
    expect((await first).code).toBe("CANCELLED");
    expect((await second).raw_output_contents).toHaveLength(1);
    await before;
  });

  test("in the middle of a message does no harm", async () => {
    const path = "/inference.GRPCInferenceService/ModelInfer";
    const whole = frame(encodeInfer(burn()));
    await rawCall(cluster.grpc, path, whole.subarray(0, whole.length - 100));
    await rawCall(cluster.grpc, path, Buffer.of(0, 0));
    await rawCall(cluster.grpc, path, Buffer.of());
    await expectServes();
  });
});

test("everything is accounted for, also what was given up", async () => {
  await becomesIdle();
  await expectBalance(cluster.http);
});
