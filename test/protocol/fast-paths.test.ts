/** The same questions with every fast path on and off: the answers are the same, bit for bit. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "./support/cluster.ts";
import { cacheStatus, fromNearCache, type InferRequest } from "./support/plain-client.ts";
import { float32s, int32s, rawRequest } from "./support/requests.ts";

let fast: Cluster;
let slow: Cluster;

beforeAll(async () => {
  const fixtures = ["burn", "sum-difference", "identity-uint8"] as const;
  fast = await startCluster(fixtures);
  slow = await startCluster(fixtures, {
    flags: ["--fast-paths", "false", "--near-cache", "0"],
  });
}, 120_000);

afterAll(async () => {
  await fast?.stop();
  await slow?.stop();
});

const counted = (length: number): number[] => Array.from({ length }, (_, n) => n);
const ofBytes = (length: number): InferRequest =>
  rawRequest("identity-uint8", [
    { name: "input", datatype: "UINT8", shape: [length], raw: Buffer.from(counted(length)) },
  ]);

test.each<[string, InferRequest]>([
  [
    "a model that computes much",
    rawRequest("burn", [
      float32s(
        "x",
        counted(512).map((n) => n / 7),
        [1, 512],
      ),
    ]),
  ],
  ["a byte", ofBytes(1)],
  ["what a key's memory just holds", ofBytes(65_000)],
  ["what it does not hold", ofBytes(70_000)],
  ["what travels in chunks", ofBytes(1_000_000)],
])("%s", async (_, request) => {
  const { client } = slow;
  const computed = await client.infer({ ...request, id: "computed" });
  let near = await fast.client.infer(request);
  for (let count = 0; !fromNearCache.test(cacheStatus(near) ?? ""); count += 1) {
    expect(count).toBeLessThan(5);
    expect(near.raw_output_contents).toEqual(computed.raw_output_contents);
    near = await fast.client.infer({ ...request, id: `again ${count}` });
  }
  const remembered = await client.infer(request);
  for (const answer of [near, remembered]) {
    const { model_name, model_version, outputs, raw_output_contents } = answer;
    expect({ model_name, model_version, outputs, raw_output_contents }).toEqual({
      model_name: computed.model_name,
      model_version: computed.model_version,
      outputs: computed.outputs,
      raw_output_contents: computed.raw_output_contents,
    });
  }
});

test("errors are the same words and reasons", async () => {
  const wrong = rawRequest("sum-difference", [int32s("nobody", [1])]);
  const errors = await Promise.all(
    [fast, slow].map(({ client }) => client.infer(wrong).catch((error: unknown) => error)),
  );
  const [first, second] = errors.map((error) =>
    error instanceof Error ? error.message : "no error",
  );
  expect(first).toBe(second);
  expect(first).toContain("nobody");
});
