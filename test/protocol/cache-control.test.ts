/** What a request may say about memory, and what an answer says about it. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually, metric } from "@kvring/cli/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectBalance } from "./support/accounting.ts";
import { type Cluster, startCluster } from "./support/cluster.ts";
import {
  cacheStatus,
  fromNearCache,
  fromNode,
  type InferRequest,
  type InferResponse,
  type PlainClient,
  stored,
} from "./support/plain-client.ts";
import { refusalOf } from "./support/refusal.ts";
import { freshRequest, parameters } from "./support/requests.ts";

let cluster: Cluster;
let client: PlainClient;

beforeAll(async () => {
  cluster = await startCluster(["sum-difference"]);
  client = cluster.client;
}, 60_000);

afterAll(() => cluster?.stop());

type Words = Readonly<Record<string, string | number | boolean>>;

/** Both ways to say the same: request parameters, and gRPC metadata. */
const ways: readonly [string, (request: InferRequest, words: Words) => Promise<InferResponse>][] = [
  [
    "as parameters",
    (request, words) => client.infer({ ...request, parameters: parameters(words) }),
  ],
  [
    "as metadata",
    (request, words) => {
      const texts = Object.entries(words).map(([name, value]) => [name, String(value)]);
      return client.infer(request, { metadata: Object.fromEntries(texts) });
    },
  ],
];

const statusOf = async (request: InferRequest): Promise<string | undefined> =>
  cacheStatus(await client.infer(request));

const computations = (): Promise<number> =>
  metric(cluster.server, "kvring_worker_computations_total");

const secondsLeft = (status: string | undefined): number =>
  Number(/ttl=(\d+)/.exec(status ?? "")?.[1] ?? Number.NaN);

const passedBy = "kvring; fwd=bypass; stored";
const notCached = { code: "NOT_FOUND", reason: "NOT_CACHED" };

test("a repeated request goes from the model to a node to the near cache", async () => {
  const request = freshRequest();
  const before = await computations();
  expect(await statusOf(request)).toBe(stored);
  const second = await statusOf(request);
  expect(second).toMatch(fromNode);
  const third = await statusOf(request);
  expect(third).toMatch(fromNearCache);
  expect(await statusOf(request)).toMatch(fromNearCache);
  expect((await computations()) - before).toBe(1);
  // The default life is a day.
  for (const status of [second, third]) {
    expect(secondsLeft(status)).toBeLessThanOrEqual(86_400);
    expect(secondsLeft(status)).toBeGreaterThan(86_300);
  }
});

describe.each(ways)("%s", (_, ask) => {
  test("only-if-cached without an entry: NOT_CACHED, and nothing is computed", async () => {
    const request = freshRequest();
    const before = await computations();
    for (let round = 0; round < 3; round += 1) {
      const refusal = await refusalOf(ask(request, { cache_control: "only-if-cached" }));
      expect(refusal).toMatchObject(notCached);
    }
    expect(await computations()).toBe(before);
    await client.infer(request);
    const answer = await ask(request, { cache_control: "only-if-cached" });
    expect(cacheStatus(answer)).toMatch(fromNode);
  });

  test("no-cache: computed anew, and the new answer is stored", async () => {
    const request = freshRequest();
    await client.infer(request);
    await client.infer(request);
    expect(await statusOf(request)).toMatch(fromNearCache);
    const before = await computations();
    const anew = cacheStatus(await ask(request, { cache_control: "no-cache" }));
    expect(anew).toBe(passedBy);
    expect((await computations()) - before).toBe(1);
    expect(await statusOf(request)).toMatch(/^kvring; hit; /);
    expect((await computations()) - before).toBe(1);
  });

  test("no-cache without an entry: computed and stored", async () => {
    const request = freshRequest();
    expect(cacheStatus(await ask(request, { cache_control: "no-cache" }))).toBe(passedBy);
    expect(await statusOf(request)).toMatch(/^kvring; hit; /);
  });

  test.each(["no-cache", "max-age=0"])(
    "%s: the new answer takes the place of the old",
    async (words) => {
      const request = freshRequest();
      for (let round = 0; round < 3; round += 1) await client.infer(request);
      await ask(request, { cache_control: words, cache_ttl_ms: 30_000 });
      // In the near cache, where the old one was, and at the nodes.
      for (let round = 0; round < 2; round += 1) {
        expect(secondsLeft(await statusOf(request))).toBeLessThanOrEqual(30);
      }
    },
  );

  test("no-store: answered, and nothing is stored", async () => {
    const request = freshRequest();
    for (let round = 0; round < 2; round += 1) {
      const answer = await ask(request, { cache_control: "no-store" });
      expect(cacheStatus(answer)).toBe("kvring; fwd=bypass");
      expect(answer.raw_output_contents).toHaveLength(2);
    }
    const refusal = await refusalOf(ask(request, { cache_control: "only-if-cached" }));
    expect(refusal).toMatchObject(notCached);
  });

  test("max-age: an older answer will not do", async () => {
    const request = freshRequest();
    await client.infer(request);
    const young = await ask(request, { cache_control: "max-age=3600" });
    expect(cacheStatus(young)).toMatch(/^kvring; hit; /);
    const before = await computations();
    const newest = await ask(request, { cache_control: "max-age=0" });
    expect(cacheStatus(newest)).toMatch(/^kvring; fwd=[a-z-]+; stored$/);
    expect((await computations()) - before).toBe(1);
    const both = ask(request, { cache_control: "only-if-cached, max-age=0" });
    expect(await refusalOf(both)).toMatchObject(notCached);
  });

  test("directives are read whatever their case, blanks and order", async () => {
    const request = freshRequest();
    const words = { cache_control: "MAX-AGE=60 , ,Only-If-Cached" };
    expect(await refusalOf(ask(request, words))).toMatchObject(notCached);
    await client.infer(request);
    expect(cacheStatus(await ask(request, words))).toMatch(/^kvring; hit; /);
  });

  test("cache_ttl_ms: the answer's life, and its end in every memory", async () => {
    const request = freshRequest();
    expect(cacheStatus(await ask(request, { cache_ttl_ms: 700 }))).toBe(stored);
    await eventually(async () => {
      const words = parameters({ cache_control: "only-if-cached" });
      return client.infer({ ...request, parameters: words }).then(
        (answer) => `still there: ${cacheStatus(answer)}`,
        () => undefined,
      );
    });
    const refusal = await refusalOf(ask(request, { cache_control: "only-if-cached" }));
    expect(refusal).toMatchObject(notCached);
    expect(await statusOf(request)).toBe(stored);
  });

  test("cache_ttl_ms shows in ttl", async () => {
    for (const [ttlMs, most, least] of [
      [60_000, 60, 30],
      [86_400_000, 86_400, 86_300],
    ] as const) {
      const request = freshRequest();
      await ask(request, { cache_ttl_ms: ttlMs });
      const left = secondsLeft(await statusOf(request));
      expect(left).toBeLessThanOrEqual(most);
      expect(left).toBeGreaterThan(least);
    }
  });

  test("cache_debug: which key, of which artifact, how old, where, by which ring", async () => {
    const request = freshRequest();
    const path = join(cluster.models, "sum-difference", "1", "model.onnx");
    const digest = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    const keys = new Set<string | undefined>();
    for (const status of [stored, fromNode, fromNearCache]) {
      const answer = await ask(request, { cache_debug: true });
      expect(cacheStatus(answer)).toMatch(status);
      const debug = debugOf(answer);
      expect(debug).toMatchObject({
        cache_debug_key: expect.stringMatching(/^[0-9a-f]{64}$/),
        cache_debug_digest: digest,
        cache_debug_born: expect.stringMatching(/^\d+:\d+$/),
        cache_debug_age_ms: expect.stringMatching(/^\d+(\.\d+)?$/),
        cache_debug_owners: expect.stringMatching(/^node-\d,node-\d$/),
        cache_debug_lease_age_ms: expect.stringMatching(/^\d+(\.\d+)?$/),
        cache_debug_ring_version: expect.stringMatching(/^\d+$/),
      });
      keys.add(debug["cache_debug_key"]);
    }
    expect(keys.size).toBe(1);
  });
});

/** The cache_debug… parameters of an answer, as text. */
function debugOf(answer: InferResponse): Record<string, string> {
  const debug = Object.entries(answer.parameters).filter(([name]) =>
    name.startsWith("cache_debug"),
  );
  return Object.fromEntries(
    debug.map(([name, { parameter_choice: choice, ...value }]: [string, ParameterOnWire]) => [
      name,
      String(value[choice as keyof typeof value]),
    ]),
  );
}

type ParameterOnWire = InferResponse["parameters"][string] & { readonly parameter_choice?: string };

test("without cache_debug an answer says only where it came from", async () => {
  const request = freshRequest();
  for (const words of [{}, { cache_debug: false }, {}]) {
    const answer = await client.infer({ ...request, parameters: parameters(words) });
    expect(Object.keys(answer.parameters)).toEqual(["cache_status"]);
  }
});

test("cache_ttl_ms may be text, as clients without integers send it", async () => {
  const request = freshRequest();
  await client.infer({ ...request, parameters: parameters({ cache_ttl_ms: "30000" }) });
  expect(secondsLeft(await statusOf(request))).toBeLessThanOrEqual(30);
});

describe("what it does not understand, it refuses by name", () => {
  const many = Array.from({ length: 17 }, (_, index) => `tag${index}`).join(",");
  const bad: readonly [Words, string, RegExp][] = [
    [{ cache_control: "no-chache" }, "BAD_CACHE_CONTROL", /no-chache/],
    [{ cache_control: "no-store, private" }, "BAD_CACHE_CONTROL", /private/],
    [{ cache_control: "max-age" }, "BAD_CACHE_CONTROL", /max-age/],
    [{ cache_control: "max-age=soon" }, "BAD_CACHE_CONTROL", /max-age/],
    [{ cache_control: "max-age=-1" }, "BAD_CACHE_CONTROL", /max-age/],
    [{ cache_ttl_ms: "soon" }, "BAD_PARAMETER", /cache_ttl_ms/],
    [{ cache_ttl_ms: -5 }, "BAD_PARAMETER", /cache_ttl_ms/],
    [{ cache_ttl_ms: 86_400_001 }, "BAD_PARAMETER", /cache_ttl_ms/],
    [{ cache_debug: "perhaps" }, "BAD_PARAMETER", /cache_debug/],
    [{ cache_tags: "x".repeat(129) }, "BAD_TAG", /128|x{10}/],
    [{ cache_tags: many }, "BAD_TAG", /16/],
  ];

  describe.each(ways)("%s", (_, ask) => {
    test.each(bad)("%o: %s", async (words, reason, named) => {
      const refusal = await refusalOf(ask(freshRequest(), words));
      expect(refusal).toMatchObject({ code: "INVALID_ARGUMENT", reason });
      expect(refusal.message).toMatch(named);
    });
  });

  test("a cache_control that is no text", async () => {
    const refusal = await refusalOf(
      client.infer(freshRequest({ parameters: parameters({ cache_control: 5 }) })),
    );
    expect(refusal).toMatchObject({ code: "INVALID_ARGUMENT", reason: "BAD_PARAMETER" });
    expect(refusal.message).toContain("cache_control");
  });
});

test("every request is accounted for", async () => {
  await expectBalance(cluster.http);
});
