/** Requests that are wrong: each gets a clear answer, costs nobody anything, and leaves no trace. */
import { metric } from "@kvring/cli/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectBalance, readAccounts, sum } from "./support/accounting.ts";
import { type Cluster, startCluster } from "./support/cluster.ts";
import { cacheStatus, encodeInfer, stored } from "./support/plain-client.ts";
import { refusalOf } from "./support/refusal.ts";
import { freshRequest, rawRequest, readInt32s, sumRequest } from "./support/requests.ts";
import {
  longNames,
  type WrongRequest,
  wrongNames,
  wrongShapes,
  wrongSizes,
  wrongTexts,
} from "./support/wrong-requests.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster([
    ...(["sum-difference", "dynamic-batch", "versioned"] as const),
    ...(["identity-bytes", "identity-int8", "identity-fp16", "identity-int64"] as const),
  ]);
}, 60_000);

afterAll(() => cluster?.stop());

const codes: Readonly<Record<string, string>> = {
  MODEL_NOT_FOUND: "NOT_FOUND",
  DATATYPE_UNSUPPORTED: "UNIMPLEMENTED",
};

/** Expects the same refusal twice: the first was not remembered as an answer. */
async function expectRefused([, request, reason, culprits]: WrongRequest): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    const refusal = await refusalOf(cluster.client.infer(request));
    expect(refusal.reason, refusal.message).toMatch(new RegExp(`^(${reason})$`));
    expect(refusal.code).toBe(codes[refusal.reason] ?? "INVALID_ARGUMENT");
    for (const culprit of culprits) expect(refusal.message).toMatch(culprit);
    // A sentence, as long as somebody reads.
    expect(refusal.message.length).toBeLessThan(2000);
  }
}

/** What a request costs the others: nothing of it may move. */
async function costs(): Promise<Record<string, number>> {
  const names = [
    ...["kvring_node_entries", "kvring_node_misses_total", "kvring_node_grants_total"],
    ...["kvring_worker_computations_total", "kvring_worker_failed_jobs_total"],
    "kvring_gateway_near_cache_entries",
  ];
  const values = await Promise.all(names.map((name) => metric(cluster.server, name)));
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? 0]));
}

describe.each([
  ["names", wrongNames],
  ["datatypes and shapes", wrongShapes],
  ["sizes", wrongSizes],
  ["texts", wrongTexts],
  ["names beyond all measure", longNames],
] as const)("%s", (_, cases) => {
  let before: Record<string, number>;

  beforeAll(async () => {
    before = await costs();
  });

  test.each(cases)("%s", async (...tried) => expectRefused(tried));

  test("cost nobody anything", async () => {
    expect(await costs()).toEqual(before);
  });
});

describe("bytes that are no request", () => {
  const good = encodeInfer(sumRequest(5, 6));
  const field = (number: number, wireType: number): number => (number << 3) | wireType;
  test.each<[string, Uint8Array]>([
    ["noise", Buffer.from(Array.from({ length: 500 }, (_, index) => (index * 37 + 200) % 256))],
    ["all ones", Buffer.alloc(64, 0xff)],
    ["a request cut in the middle", good.subarray(0, good.length - 10)],
    ["a length beyond the end", Buffer.of(field(1, 2), 50, 0x61)],
    ["a length of 2⁶³", Buffer.from([field(1, 2), ...Array(8).fill(0xff), 0x7f])],
    ["field number 0", Buffer.from([0x02, 1, 0x61, ...good])],
    ["a wire type that does not exist", Buffer.from([...good, field(9, 7), 0])],
    ["a group without an end", Buffer.from([...good, field(9, 3)])],
    ["the end of no group", Buffer.from([...good, field(9, 4)])],
    ["a number that never ends", Buffer.from([field(9, 0), ...Array(11).fill(0x80)])],
    ["an input that is noise", Buffer.from([...good, field(5, 2), 3, 0xff, 0xff, 0xff])],
    ["a parameter that is noise", Buffer.from([...good, field(4, 2), 2, 0x0a, 0x50])],
    ["a model name that is no UTF-8", Buffer.from([field(1, 2), 2, 0xc3, 0x28])],
    ["an input name that is no UTF-8", Buffer.of(field(5, 2), 4, field(1, 2), 2, 0xed, 0xa0)],
  ])("%s", async (_, sent) => {
    const before = await costs();
    const refusal = await refusalOf(cluster.client.inferBytes(sent));
    expect(refusal).toMatchObject({ code: "INVALID_ARGUMENT", reason: "MESSAGE_MALFORMED" });
    expect(await costs()).toEqual(before);
  });

  test("fields of a later protocol do no harm", async () => {
    // Field 100, one byte.
    const later = Buffer.from([...encodeInfer(freshRequest()), 0xa2, 0x06, 1, 0x61]);
    const answer = await cluster.client.inferBytes(later);
    expect(answer.raw_output_contents).toHaveLength(2);
  });
});

describe("more than anybody may send", () => {
  const noRoom = { code: "RESOURCE_EXHAUSTED", reason: "MESSAGE_TOO_LARGE" };

  test("a message of more than 64 MiB", async () => {
    const before = await costs();
    const huge = Buffer.alloc(65 << 20);
    const refusal = await refusalOf(cluster.client.inferBytes(huge));
    expect(refusal).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    expect(refusal.message).toMatch(/larger than max/);
    expect(await costs()).toEqual(before);
  });

  test("a small message that would become a tensor of more than 64 MiB", async () => {
    // A typed INT64 of zero is one byte on the wire, and eight in the tensor.
    const elements = 9 << 20;
    const request = packedZeros("identity-int64", "input", elements);
    expect(request.length).toBeLessThan(10 << 20);
    expect(await refusalOf(cluster.client.inferBytes(request))).toMatchObject(noRoom);
  });
});

/** A ModelInferRequest with one INT64 tensor of zeros, packed as protobuf packs numbers. */
function packedZeros(model: string, name: string, elements: number): Buffer {
  const varint = (value: number): number[] =>
    value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
  const bytesField = (number: number, content: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(content.length)]), content]);
  const tensor = Buffer.concat([
    bytesField(1, Buffer.from(name)),
    bytesField(2, Buffer.from("INT64")),
    bytesField(3, Buffer.from(varint(elements))),
    bytesField(5, bytesField(3, Buffer.alloc(elements))),
  ]);
  return Buffer.concat([bytesField(1, Buffer.from(model)), bytesField(5, tensor)]);
}

describe("after all that", () => {
  test("good requests are answered and remembered", async () => {
    const request = freshRequest();
    const answer = await cluster.client.infer(request);
    expect(cacheStatus(answer)).toBe(stored);
    expect(cacheStatus(await cluster.client.infer(request))).toMatch(/^kvring; hit; /);
    const right = await cluster.client.infer(sumRequest(1, 2));
    expect(readInt32s(right.raw_output_contents[0])).toEqual(new Array(16).fill(3));
  });

  test("wrong requests at once, and right ones among them", async () => {
    const rounds = Array.from({ length: 40 }, (_, round) => [
      ...[wrongNames, wrongShapes, wrongSizes, wrongTexts].map((cases) => {
        const picked = cases[round % cases.length];
        return picked === undefined ? Promise.resolve() : expectRefused(picked);
      }),
      cluster.client.infer(sumRequest(round % 7, 11)).then((answer) => {
        const expected = new Array(16).fill((round % 7) + 11);
        expect(readInt32s(answer.raw_output_contents[0])).toEqual(expected);
      }),
    ]);
    await Promise.all(rounds.flat());
  });

  test("every request is accounted for, and unknown names take up no room", async () => {
    const before = await readAccounts(cluster.http);
    for (let index = 0; index < 20; index += 1) {
      await refusalOf(cluster.client.infer(rawRequest(`nobody-${index}`, [])));
    }
    const after = await expectBalance(cluster.http);
    expect(sum(after.requests.values()) - sum(before.requests.values())).toBe(20);
    expect([...after.requests.keys()].sort()).toEqual([...before.requests.keys()].sort());
  });
});
