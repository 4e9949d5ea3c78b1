/** Models that cannot be loaded, that fail, and that take their process with them. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually, metric } from "@kvring/cli/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectBalance } from "./support/accounting.ts";
import { type Cluster, startCluster } from "./support/cluster.ts";
import {
  cacheStatus,
  type InferResponse,
  type PlainClient,
  stored,
} from "./support/plain-client.ts";
import { refusalOf } from "./support/refusal.ts";
import {
  freshRequest,
  int32s,
  int64,
  parameters,
  rawRequest,
  readFloat32s,
  readInt32s,
} from "./support/requests.ts";

const unsupported = ["int4-output", "bfloat16-input", "float8-output", "sequence-output"] as const;

/** Files that are no models, by the name of the model. */
const corrupt: Readonly<Record<string, Uint8Array>> = {
  "corrupt-noise": Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 73) % 251)),
  "corrupt-empty": Buffer.of(),
  "corrupt-text": Buffer.from("this is no model\n"),
};

// A quotient that does not fit kills the process there; elsewhere it has an answer.
const onX86 = process.arch === "x64";

let cluster: Cluster;
let client: PlainClient;

beforeAll(async () => {
  cluster = await startCluster(
    ["sum-difference", "fails-at-run", "aborts", "aborts-at-load", ...unsupported],
    {
      async prepare(models) {
        for (const [name, content] of Object.entries(corrupt)) {
          await mkdir(join(models, name, "1"), { recursive: true });
          await writeFile(join(models, name, "1", "model.onnx"), content);
        }
        // A version without a file, and a stray file among the models.
        await mkdir(join(models, "corrupt-missing", "1"), { recursive: true });
        await writeFile(join(models, "notes.txt"), "not a model");
      },
    },
  );
  client = cluster.client;
}, 60_000);

afterAll(() => cluster?.stop());

describe("beside models that cannot be served", () => {
  test("the others are", async () => {
    expect(await client.call("ServerReady", {})).toEqual({ ready: true });
    expect(cacheStatus(await client.infer(freshRequest()))).toBe(stored);
  });

  test.each([...unsupported, ...Object.keys(corrupt), "corrupt-missing", "notes.txt"])(
    "%s is unknown to who asks",
    async (name) => {
      expect(await client.call("ModelReady", { name })).toEqual({ ready: false });
      const refusal = await refusalOf(client.infer(rawRequest(name, [])));
      expect(refusal).toMatchObject({ code: "NOT_FOUND", reason: "MODEL_NOT_FOUND" });
      expect(refusal.message).toContain(name);
    },
  );

  test.each([
    ["int4-output", /"y" has type int4/],
    ["bfloat16-input", /"x" has type bfloat16/],
    ["float8-output", /"y" has type float8/],
    ["sequence-output", /"y" has type sequence/],
    ...Object.keys(corrupt).map((name) => [name, /not an ONNX file/] as const),
    ["corrupt-missing", /model\.onnx does not exist/],
  ] as const)("the log says why %s is refused", (name, reason) => {
    const [, said] = new RegExp(`"name":"${name}"(.*?)\\}`).exec(cluster.server.log()) ?? [];
    expect(said?.replaceAll("\\", "")).toMatch(reason);
  });

  test("one that dies at load takes nobody with it", async () => {
    const asked = client.infer(rawRequest("aborts-at-load", [int32s("x", [1])]));
    if (onX86) expect((await refusalOf(asked)).reason).toMatch(/^MODEL_/);
    else expect((await asked).outputs).toHaveLength(1);
    expect(cacheStatus(await client.infer(freshRequest()))).toBe(stored);
  });
});

describe("a model that fails", () => {
  const at = (index: bigint) => rawRequest("fails-at-run", [int64("index", index)]);
  const failures = (): Promise<number> =>
    metric(cluster.server, "kvring_worker_failed_jobs_total", /MODEL_FAILED/);

  test("says so each time, and is asked each time", async () => {
    for (const failedBefore of [0, 1, 2]) {
      expect(await failures()).toBe(failedBefore);
      const refusal = await refusalOf(client.infer(at(9n)));
      expect(refusal).toMatchObject({ code: "INTERNAL", reason: "MODEL_FAILED" });
      // The model by name, and what ONNX Runtime says of it.
      expect(refusal.message).toContain("fails-at-run");
      expect(refusal.message).toMatch(/Gather|indices/i);
    }
    const onlyCached = { parameters: parameters({ cache_control: "only-if-cached" }) };
    const refusal = await refusalOf(client.infer({ ...at(9n), ...onlyCached }));
    expect(refusal).toMatchObject({ code: "NOT_FOUND", reason: "NOT_CACHED" });
  });

  test("answers what it can in between", async () => {
    const answer = await client.infer(at(3n));
    expect(cacheStatus(answer)).toBe(stored);
    expect(readFloat32s(answer.raw_output_contents[0])).toEqual([30]);
    expect(cacheStatus(await client.infer(at(3n)))).toMatch(/^kvring; hit; /);
  });

  test.each(["no-cache", "no-store"])(
    "says so also when memory is passed by: %s",
    async (words) => {
      const request = { ...at(8n), parameters: parameters({ cache_control: words }) };
      const refusal = await refusalOf(client.infer(request));
      expect(refusal).toMatchObject({ code: "INTERNAL", reason: "MODEL_FAILED" });
    },
  );

  test("tells everybody who waits for it", async () => {
    const asked = Array.from({ length: 50 }, () => refusalOf(client.infer(at(7n))));
    for (const refusal of await Promise.all(asked)) {
      expect(refusal).toMatchObject({ code: "INTERNAL", reason: "MODEL_FAILED" });
    }
  });
});

describe("a model that kills its process", () => {
  const by = (divisor: number) => rawRequest("aborts", [int32s("divisor", [divisor])]);
  let divisor = 1;

  /** The division whose quotient does not fit. */
  async function expectCrash(asked: Promise<InferResponse>): Promise<void> {
    if (!onX86) {
      expect(readInt32s((await asked).raw_output_contents[0])).toEqual([-(2 ** 31)]);
      return;
    }
    const refusal = await refusalOf(asked);
    expect(refusal).toMatchObject({ code: "INTERNAL", reason: "MODEL_CRASHED" });
    expect(refusal.message).toContain("aborts");
  }

  /** A division that has not been asked for. */
  async function expectDivides(): Promise<void> {
    divisor *= 2;
    const answer = await client.infer(by(divisor));
    expect(cacheStatus(answer)).toBe(stored);
    expect(readInt32s(answer.raw_output_contents[0])).toEqual([-(2 ** 31) / divisor]);
  }

  test("fails that request by name, and both it and the others answer the next ones", async () => {
    await expectDivides();
    for (let round = 0; round < 2; round += 1) {
      await expectCrash(client.infer(by(-1)));
      expect(cacheStatus(await client.infer(freshRequest()))).toBe(stored);
      await expectDivides();
    }
  });

  test("leaves nothing in memory", async () => {
    const onlyCached = { parameters: parameters({ cache_control: "only-if-cached" }) };
    const kept = client.infer({ ...by(-1), ...onlyCached });
    if (onX86) expect((await refusalOf(kept)).reason).toBe("NOT_CACHED");
    else expect((await kept).outputs).toHaveLength(1);
  });

  test("does not take those with it who are asked at the same time", async () => {
    const others = Array.from({ length: 10 }, () => client.infer(freshRequest()));
    const crash = expectCrash(client.infer(by(-1)));
    const more = Array.from({ length: 10 }, () => client.infer(freshRequest()));
    for (const answer of await Promise.all([...others, ...more])) {
      expect(cacheStatus(answer)).toBe(stored);
    }
    await crash;
    await expectDivides();
  });
});

test("the process is the same, ready, and has accounted for everything", async () => {
  await eventually(async () => {
    const response = await fetch(`http://${cluster.http}/readyz`);
    return response.ok ? undefined : await response.text();
  });
  await expectBalance(cluster.http);
  expect(await metric(cluster.server, "kvring_gateway_in_flight")).toBe(0);
  expect(await metric(cluster.server, "kvring_node_open_tokens")).toBe(0);
  expect(await cluster.server.stop()).toBe(0);
});
