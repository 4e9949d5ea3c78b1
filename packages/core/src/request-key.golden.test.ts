import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Datatype } from "./datatypes.ts";
import { canonicalBytes, type KeyedRequest, type Parameter, requestKey } from "./request-key.ts";
import { slowCanonical } from "./request-key.twin.ts";
import type { Tensor } from "./tensor.ts";

describe("golden vectors", () => {
  const { vectors } = JSON.parse(
    readFileSync(new URL("request-key.golden.json", import.meta.url), "utf8"),
  ) as { readonly vectors: readonly GoldenVector[] };

  test.each(vectors)("$name", (vector) => {
    const request = goldenRequest(vector.request);
    const canonical = hex(canonicalBytes(request));
    if (vector.canonicalHex !== undefined) expect(canonical).toBe(vector.canonicalHex);
    else expect(canonical).toBe(`${vector.canonicalHeadHex}${hex(ruledData(vector.request))}`);
    expect(keyHex(request)).toBe(vector.keyHex);
    expect(hex(slowCanonical(request))).toBe(canonical);
  });

  test("are different requests, but for those that say so", () => {
    const keys = new Map(vectors.map(({ name, keyHex: key }) => [name, key]));
    for (const { sameKeyAs, keyHex: key } of vectors) {
      if (sameKeyAs !== undefined) expect(keys.get(sameKeyAs)).toBe(key);
    }
    const same = vectors.filter(({ sameKeyAs }) => sameKeyAs !== undefined);
    expect(new Set(keys.values()).size).toBe(vectors.length - same.length);
  });
});

describe("the fast key equals its slow twin", () => {
  test("where one-shot hashing ends and incremental hashing begins", () => {
    const withBytes = (size: number): KeyedRequest => ({
      ...plain,
      inputs: [tensor("x", Buffer.alloc(size, 1)), tensor("y", Buffer.alloc(65, 2))],
    });
    const overhead = canonicalBytes(withBytes(0)).byteLength;
    for (const length of [65_535, 65_536, 65_537, 200_000]) {
      const request = withBytes(length - overhead);
      expect(canonicalBytes(request).byteLength).toBe(length);
      expect(keyHex(request)).toBe(slowKeyHex(request));
    }
  });

  test("for tensors around the size that is copied instead of referred to", () => {
    for (const size of [0, 1, 63, 64, 65, 128]) {
      const inputs = [tensor("x", Buffer.alloc(size, 1)), tensor("y", Buffer.alloc(size, 2))];
      expect(keyHex({ ...plain, inputs })).toBe(slowKeyHex({ ...plain, inputs }));
    }
  });

  test("for texts around the size of a chunk", () => {
    for (const length of [681, 682, 683, 2040, 2044, 2048, 2049, 5000]) {
      const value = "é".repeat(length);
      const prompt = { name: "prompt", kind: "string", value } as const;
      const request = { ...plain, tenant: "t".repeat(length), parameters: [prompt] };
      expect(keyHex(request)).toBe(slowKeyHex(request));
    }
  });
});

interface GoldenVector {
  readonly name: string;
  readonly request: GoldenRequest;
  readonly sameKeyAs?: string;
  readonly canonicalHex?: string;
  /** The canonical bytes before the one input that follows a rule, which is the last. */
  readonly canonicalHeadHex?: string;
  readonly keyHex: string;
}

interface GoldenRequest extends Omit<KeyedRequest, "parameters" | "inputs"> {
  readonly parameters: readonly {
    readonly name: string;
    readonly kind: Parameter["kind"];
    readonly value?: string | number | boolean;
  }[];
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: Datatype;
    readonly shape: readonly number[];
    readonly dataHex?: string;
    readonly dataRule?: Rule;
  }[];
}

/** Byte i is (multiply · i + add) mod modulo. */
interface Rule {
  readonly bytes: number;
  readonly multiply: number;
  readonly add: number;
  readonly modulo: number;
}

function goldenRequest(golden: GoldenRequest): KeyedRequest {
  const parameters = golden.parameters.map(({ kind, value, ...rest }) => {
    const long = kind === "int64" || kind === "uint64";
    return { ...rest, kind, value: long ? BigInt(String(value)) : value } as Parameter;
  });
  const inputs = golden.inputs.map(({ dataHex, dataRule, ...rest }) => ({
    ...rest,
    data: dataRule === undefined ? Buffer.from(dataHex ?? "", "hex") : follow(dataRule),
  }));
  return { ...golden, parameters, inputs };
}

function ruledData(golden: GoldenRequest): Uint8Array {
  const rules = golden.inputs.flatMap(({ dataRule }) => dataRule ?? []);
  return Buffer.concat(rules.map(follow));
}

function follow({ bytes, multiply, add, modulo }: Rule): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (multiply * index + add) % modulo);
}

const plain: KeyedRequest = {
  tenant: "",
  model: { name: "sum", version: "1", digest: "d".repeat(64) },
  outputs: ["OUTPUT"],
  parameters: [],
  inputs: [],
};

function tensor(name: string, data: Uint8Array): Tensor {
  return { name, datatype: "UINT8", shape: [data.byteLength], data };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function keyHex(request: KeyedRequest): string {
  return hex(requestKey(request));
}

function slowKeyHex(request: KeyedRequest): string {
  return createHash("sha256").update(slowCanonical(request)).digest("hex");
}
