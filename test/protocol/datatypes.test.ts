/** Every datatype, bit for bit: computed, and out of either memory. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, startCluster } from "./support/cluster.ts";
import {
  cacheStatus,
  fromNearCache,
  fromNode,
  type InferRequest,
  stored,
} from "./support/plain-client.ts";
import { byteElements } from "./support/requests.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster([
    ...(["identity-bool", "identity-uint8", "identity-uint16", "identity-uint32"] as const),
    ...(["identity-uint64", "identity-int8", "identity-int16", "identity-int32"] as const),
    ...(["identity-int64", "identity-fp16", "identity-fp32", "identity-fp64"] as const),
    ...(["identity-bytes", "echo-bytes"] as const),
  ]);
}, 60_000);

afterAll(() => cluster?.stop());

const bytesOf = (array: NodeJS.TypedArray): Buffer =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength);

interface Sample {
  readonly datatype: string;
  readonly elements: number;
  readonly raw: Buffer;
  /** The same tensor as a client that fills `contents` sends it; FP16 has no such form. */
  readonly contents?: Readonly<Record<string, readonly unknown[]>>;
}

const texts = ["", "grün 🌱", "\u0001\n\uffff", "x".repeat(300), "", "e\u0301 is not é"];

const samples: readonly Sample[] = [
  {
    ...{ datatype: "BOOL", elements: 3, raw: Buffer.of(1, 0, 1) },
    contents: { bool_contents: [true, false, true] },
  },
  {
    ...{ datatype: "UINT8", elements: 3, raw: Buffer.of(0, 128, 255) },
    contents: { uint_contents: [0, 128, 255] },
  },
  {
    ...{ datatype: "UINT16", elements: 3, raw: bytesOf(Uint16Array.of(0, 0x8001, 65_535)) },
    contents: { uint_contents: [0, 0x8001, 65_535] },
  },
  {
    ...{ datatype: "UINT32", elements: 2, raw: bytesOf(Uint32Array.of(0x80000001, 2 ** 32 - 1)) },
    contents: { uint_contents: [0x80000001, 2 ** 32 - 1] },
  },
  {
    ...{ datatype: "UINT64", elements: 3 },
    raw: bytesOf(BigUint64Array.of(2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n)),
    contents: {
      uint64_contents: ["9007199254740993", "9223372036854775808", "18446744073709551615"],
    },
  },
  {
    ...{ datatype: "INT8", elements: 3, raw: bytesOf(Int8Array.of(-128, -1, 127)) },
    contents: { int_contents: [-128, -1, 127] },
  },
  {
    ...{ datatype: "INT16", elements: 3, raw: bytesOf(Int16Array.of(-32_768, -1, 32_767)) },
    contents: { int_contents: [-32_768, -1, 32_767] },
  },
  {
    ...{ datatype: "INT32", elements: 3, raw: bytesOf(Int32Array.of(-(2 ** 31), -1, 2 ** 31 - 1)) },
    contents: { int_contents: [-(2 ** 31), -1, 2 ** 31 - 1] },
  },
  {
    ...{ datatype: "INT64", elements: 4 },
    raw: bytesOf(BigInt64Array.of(-(2n ** 63n), -1n, 2n ** 53n + 1n, 2n ** 63n - 1n)),
    contents: {
      int64_contents: ["-9223372036854775808", "-1", "9007199254740993", "9223372036854775807"],
    },
  },
  // One, the largest, −0, the smallest, infinity, and a NaN with a payload.
  {
    ...{ datatype: "FP16", elements: 6 },
    raw: bytesOf(Uint16Array.of(0x3c00, 0x7bff, 0x8000, 0x0001, 0x7c00, 0x7e01)),
  },
  {
    ...{ datatype: "FP32", elements: 5 },
    raw: bytesOf(Float32Array.of(0.1, -0, 1e-45, 3.4028234663852886e38, -Infinity)),
    contents: { fp32_contents: [0.1, -0, 1e-45, 3.4028234663852886e38, -Infinity] },
  },
  {
    ...{ datatype: "FP64", elements: 5 },
    raw: bytesOf(Float64Array.of(0.1, -0, Number.MIN_VALUE, Number.MAX_VALUE, Infinity)),
    contents: { fp64_contents: [0.1, -0, Number.MIN_VALUE, Number.MAX_VALUE, Infinity] },
  },
  {
    ...{ datatype: "BYTES", elements: texts.length, raw: byteElements(texts) },
    contents: { bytes_contents: texts.map((text) => Buffer.from(text)) },
  },
];

const modelOf = (datatype: string): string => `identity-${datatype.toLowerCase()}`;

function rawForm({ datatype, elements, raw }: Sample): InferRequest {
  return {
    model_name: modelOf(datatype),
    inputs: [{ name: "input", datatype, shape: [elements] }],
    raw_input_contents: [raw],
  };
}

function typedForm({ datatype, elements, contents = {} }: Sample): InferRequest {
  return {
    model_name: modelOf(datatype),
    inputs: [{ name: "input", datatype, shape: [elements], contents }],
  };
}

/** Asks in each form in turn; the first is computed, the others come from the memories. */
async function expectEcho(sample: Sample, forms: readonly InferRequest[]): Promise<void> {
  for (const [index, form] of forms.entries()) {
    const answer = await cluster.client.infer(form);
    expect(cacheStatus(answer)).toMatch([stored, fromNode, fromNearCache][index] ?? fromNearCache);
    expect(answer.outputs).toMatchObject([
      { name: "output", datatype: sample.datatype, shape: [String(sample.elements)] },
    ]);
    expect(answer.raw_output_contents).toHaveLength(1);
    // Not toEqual: on buffers of megabytes it takes minutes.
    expect(answer.raw_output_contents[0]?.equals(sample.raw)).toBe(true);
  }
}

describe.each(samples)("$datatype", (sample) => {
  test("comes back bit for bit, computed and remembered", async () => {
    const typed = sample.contents === undefined ? rawForm(sample) : typedForm(sample);
    await expectEcho(sample, [rawForm(sample), typed, rawForm(sample), typed]);
  });

  test("comes back when it has no elements", async () => {
    const none = { datatype: sample.datatype, elements: 0, raw: Buffer.of() };
    await expectEcho(none, [rawForm(none), rawForm(none), rawForm(none)]);
  });
});

describe("typed first", () => {
  const reversed = samples
    .filter(({ contents }) => contents !== undefined)
    .map(({ datatype, elements, raw, contents = {} }) => ({
      ...{ datatype, elements: elements + 1 },
      raw:
        datatype === "BYTES" ? byteElements([...texts, "1"]) : Buffer.concat([raw, one(datatype)]),
      contents: Object.fromEntries(
        Object.entries(contents).map(([field, list]) => [field, [...list, oneTyped(datatype)]]),
      ),
    }));

  test.each(reversed)("$datatype finds the raw form in memory", async (sample) => {
    await expectEcho(sample, [typedForm(sample), rawForm(sample), typedForm(sample)]);
  });
});

function oneTyped(datatype: string): unknown {
  if (datatype === "BOOL") return true;
  return datatype === "BYTES" ? Buffer.from("1") : 1;
}

function one(datatype: string): Buffer {
  if (datatype === "FP32") return bytesOf(Float32Array.of(1));
  if (datatype === "FP64") return bytesOf(Float64Array.of(1));
  const width = Number(/\d+$/.exec(datatype)?.[0] ?? 8) / 8;
  return Buffer.concat([Buffer.of(1), Buffer.alloc(width - 1)]);
}

describe("raw only", () => {
  const quiet32 = Buffer.from("0100c07f" + "ffffff7f", "hex");
  const quiet64 = Buffer.from("010000000000f87f" + "efbeaddeefbefcff", "hex");
  test.each<Sample>([
    { datatype: "FP32", elements: 2, raw: quiet32 },
    { datatype: "FP64", elements: 2, raw: quiet64 },
  ])("$datatype keeps the payload of a NaN", async (sample) => {
    await expectEcho(sample, [rawForm(sample), rawForm(sample), rawForm(sample)]);
  });

  test("equal texts of other bytes are other requests", async () => {
    const composed = { datatype: "BYTES", elements: 1, raw: byteElements(["\u00e9"]) };
    const decomposed = { datatype: "BYTES", elements: 1, raw: byteElements(["e\u0301"]) };
    await expectEcho(composed, [rawForm(composed)]);
    await expectEcho(decomposed, [rawForm(decomposed)]);
  });

  test("a graph whose output is its input echoes texts under that name", async () => {
    const request = {
      model_name: "echo-bytes",
      inputs: [{ name: "text", datatype: "BYTES", shape: [2] }],
      raw_input_contents: [byteElements(["one", "zwei"])],
    };
    for (const status of [stored, fromNode, fromNearCache]) {
      const answer = await cluster.client.infer(request);
      expect(cacheStatus(answer)).toMatch(status);
      expect(answer.outputs).toMatchObject([{ name: "text", datatype: "BYTES", shape: ["2"] }]);
      expect(answer.raw_output_contents).toEqual([byteElements(["one", "zwei"])]);
    }
  });
});

describe("large tensors", () => {
  /** Bytes that no chunk of a lane could exchange for another unseen. */
  const noise = (bytes: number): Buffer => {
    const words = new Uint32Array(bytes / 4);
    for (let index = 0, state = 1; index < words.length; index += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      words[index] = state;
    }
    return bytesOf(words);
  };
  const lines = Array.from(
    { length: 20_000 },
    (_, index) => `line ${index} ${"é".repeat(index % 9)}`,
  );

  test.each<[string, Sample]>([
    ["32 KiB and a bit", { datatype: "UINT8", elements: 32_772, raw: noise(32_772) }],
    ["600 KiB of INT64", { datatype: "INT64", elements: 76_800, raw: noise(614_400) }],
    ["texts", { datatype: "BYTES", elements: lines.length, raw: byteElements(lines) }],
    ["5 MiB", { datatype: "UINT8", elements: 5 << 20, raw: noise(5 << 20) }],
  ])("%s: computed, and out of memory", async (_, sample) => {
    const request = rawForm(sample);
    for (const status of [stored, /^kvring; hit; /, /^kvring; hit; /]) {
      const answer = await cluster.client.infer(request);
      expect(cacheStatus(answer)).toMatch(status);
      expect(answer.raw_output_contents[0]?.equals(sample.raw)).toBe(true);
    }
  });
});
