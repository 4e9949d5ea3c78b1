import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Datatype } from "./datatypes.ts";
import {
  canonicalBytes,
  isIgnoredParameter,
  type KeyedRequest,
  type Parameter,
  requestKey,
} from "./request-key.ts";
import { slowCanonical } from "./request-key.twin.ts";
import type { Tensor } from "./tensor.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const keyHex = (request: KeyedRequest): string => hex(requestKey(request));

describe("the fast key and its slow twin", () => {
  test("agree on any request", () => {
    fc.assert(
      fc.property(anyRequest(), (request) => {
        expect(hex(canonicalBytes(request))).toBe(hex(slowCanonical(request)));
        expect(keyHex(request)).toBe(hex(sha256(slowCanonical(request))));
      }),
    );
  });

  test("agree where the bytes no longer fit the memory that small keys are made in", () => {
    const kibibyte = 1024;
    const edge = fc.integer({ min: -300, max: 300 }).map((off) => 64 * kibibyte + off);
    const sizes = fc.array(fc.oneof(edge, fc.nat(200 * kibibyte)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sizes, edge, (bytes, textLength) => {
        const inputs = bytes.map((length, index) =>
          tensor(`${index}${"x".repeat(index === 0 ? textLength : 0)}`, filled(length, index)),
        );
        const request = { ...plain, inputs };
        expect(hex(sha256(canonicalBytes(request)))).toBe(hex(sha256(slowCanonical(request))));
        expect(keyHex(request)).toBe(hex(sha256(slowCanonical(request))));
      }),
      { numRuns: 30 },
    );
  });

  test("keep nothing of the key before", () => {
    const before = keyHex(plain);
    requestKey({ ...plain, inputs: [tensor("x", filled(200_000, 1))] });
    expect(keyHex(plain)).toBe(before);
  });
});

function filled(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed) & 0xff);
}

describe("what makes no other request", () => {
  const shuffled = anyRequest().chain((request) =>
    fc.record({
      request: fc.constant(request),
      inputs: fc.shuffledSubarray([...request.inputs], { minLength: request.inputs.length }),
      parameters: fc.shuffledSubarray([...request.parameters], {
        minLength: request.parameters.length,
      }),
    }),
  );

  test("the order of inputs and of parameters", () => {
    fc.assert(
      fc.property(shuffled, ({ request, inputs, parameters }) => {
        expect(keyHex({ ...request, inputs, parameters })).toBe(keyHex(request));
      }),
    );
  });

  test("the parameters that say how to answer, not what", () => {
    const ignored = fc.oneof(
      fc.constantFrom("priority", "timeout", "headers", "binary_data_output", "cache_"),
      fc.string().map((rest) => `cache_${rest}`),
    );
    fc.assert(
      fc.property(anyRequest(), ignored, anyParameterValue(), (request, name, value) => {
        expect(isIgnoredParameter(name)).toBe(true);
        const parameters = [{ name, ...value } as Parameter, ...request.parameters];
        expect(keyHex({ ...request, parameters })).toBe(keyHex(request));
      }),
    );
  });

  test("whose memory a tensor's bytes are in", () => {
    const frame = Buffer.from("....abcd....");
    const view = { ...plain, inputs: [tensor("x", frame.subarray(4, 8))] };
    const copy = { ...plain, inputs: [tensor("x", new Uint8Array([97, 98, 99, 100]))] };
    expect(keyHex(view)).toBe(keyHex(copy));
  });
});

describe("what makes another request", () => {
  test("any change of anything", () => {
    fc.assert(
      fc.property(anyRequest(), fc.nat(), (request, choice) => {
        const key = keyHex(request);
        for (const [what, changed] of changesOf(request, choice)) {
          expect(keyHex(changed), what).not.toBe(key);
        }
      }),
    );
  });

  test("names that only look like ignored ones", () => {
    for (const name of ["cache", "Cache_control", "priorities", "timeout_ms", "xcache_tags"]) {
      expect(isIgnoredParameter(name)).toBe(false);
      const request = { ...plain, parameters: [{ name, kind: "none" } as const] };
      expect(keyHex(request)).not.toBe(keyHex(plain));
    }
  });
});

test("a text that UTF-8 cannot say is a programmer's error, not the key of another request", () => {
  expect(() => requestKey({ ...plain, tenant: "\ud800" })).toThrow("checked before");
  const parameter = { name: "prompt", kind: "string", value: "x".repeat(5000) } as const;
  const long = { ...plain, parameters: [{ ...parameter, value: `${parameter.value}\udfff` }] };
  expect(() => requestKey(long)).toThrow("checked before");
});

const digest = createHash("sha256").update("artifact").digest("hex");

const plain: KeyedRequest = {
  tenant: "",
  model: { name: "sum", version: "1", digest },
  outputs: ["OUTPUT"],
  parameters: [],
  inputs: [],
};

function tensor(name: string, data: Uint8Array): Tensor {
  return { name, datatype: "UINT8", shape: [data.byteLength], data };
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

/** Short texts of all planes of Unicode, and now and then one longer than a chunk. */
const anyText = fc.oneof(
  { weight: 20, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength: 700, maxLength: 900 }) },
);

const anyBytes = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 100 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 80_000 }).map((n) => Buffer.alloc(n, n)) },
);

const datatypes = ["UINT8", "INT8", "BOOL", "INT64", "FP32", "BYTES"] as const;

function anyParameterValue(): fc.Arbitrary<ParameterValue> {
  return fc.oneof(
    fc.constant({ kind: "none" } as const),
    fc.record({ kind: fc.constant("bool" as const), value: fc.boolean() }),
    fc.record({
      kind: fc.constant("int64" as const),
      value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    }),
    fc.record({ kind: fc.constant("uint64" as const), value: fc.bigInt(0n, 2n ** 64n - 1n) }),
    fc.record({ kind: fc.constant("double" as const), value: fc.double() }),
    fc.record({ kind: fc.constant("string" as const), value: anyText }),
  );
}

type ParameterValue = Parameter extends infer P
  ? P extends Parameter
    ? Omit<P, "name">
    : never
  : never;

const kept = anyText.filter((name) => !isIgnoredParameter(name));

function anyRequest(): fc.Arbitrary<KeyedRequest> {
  const selector = ({ name }: { readonly name: string }): string => name;
  const parameter = fc.tuple(kept, anyParameterValue()).map(named);
  const input = fc.record({
    name: anyText,
    datatype: fc.constantFrom<Datatype>(...datatypes),
    shape: fc.array(fc.maxSafeNat(), { maxLength: 4 }),
    data: anyBytes,
  });
  return fc.record({
    tenant: anyText,
    model: fc.record({ name: anyText, version: anyText, digest: anyText }),
    outputs: fc.array(anyText, { maxLength: 3 }),
    parameters: fc.uniqueArray(parameter, { selector, maxLength: 4 }),
    inputs: fc.uniqueArray(input, { selector, maxLength: 4 }),
  });
}

const named = ([name, value]: readonly [string, ParameterValue]): Parameter =>
  ({ name, ...value }) as Parameter;

/** Every single change of a request, each by its name; `choice` says which element changes. */
function* changesOf(request: KeyedRequest, choice: number): Generator<[string, KeyedRequest]> {
  const { model, outputs, parameters, inputs } = request;
  yield ["tenant", { ...request, tenant: `${request.tenant}x` }];
  for (const field of ["name", "version", "digest"] as const) {
    yield [field, { ...request, model: { ...model, [field]: `${model[field]}x` } }];
  }
  yield ["an output more", { ...request, outputs: [...outputs, ""] }];
  if (outputs.length > 0) yield ["an output less", { ...request, outputs: outputs.slice(1) }];
  const rotated = [...outputs.slice(1), ...outputs.slice(0, 1)];
  if (rotated.some((name, index) => name !== outputs[index])) {
    yield ["order of outputs", { ...request, outputs: rotated }];
  }
  for (const [what, changed] of parameterChanges(parameters, choice)) {
    yield [what, { ...request, parameters: changed }];
  }
  for (const [what, changed] of inputChanges(inputs, choice)) {
    yield [what, { ...request, inputs: changed }];
  }
}

function* parameterChanges(
  parameters: readonly Parameter[],
  choice: number,
): Generator<[string, readonly Parameter[]]> {
  const name = `${parameters.map((parameter) => parameter.name).join("")}x`;
  yield ["a parameter more", [...parameters, { name, kind: "none" }]];
  const [chosen, others] = pick(parameters, choice);
  if (chosen === undefined) return;
  yield ["a parameter less", others];
  yield ["a parameter's name", [...others, { ...chosen, name }]];
  yield ["a parameter's value", [...others, otherValue(chosen)]];
  const kind = chosen.kind === "int64" ? "uint64" : "int64";
  const value = "value" in chosen && typeof chosen.value === "bigint" ? chosen.value : 0n;
  yield ["a parameter's kind", [...others, { name: chosen.name, kind, value }]];
}

function otherValue(parameter: Parameter): Parameter {
  switch (parameter.kind) {
    case "none":
      return { ...parameter, kind: "bool", value: false };
    case "bool":
      return { ...parameter, value: !parameter.value };
    case "string":
      return { ...parameter, value: `${parameter.value}\0` };
    case "double":
      return { ...parameter, value: parameter.value === 0.5 ? -0.5 : 0.5 };
    case "int64":
    case "uint64":
      return { ...parameter, value: parameter.value ^ 1n };
  }
}

function* inputChanges(
  inputs: readonly Tensor[],
  choice: number,
): Generator<[string, readonly Tensor[]]> {
  const name = `${inputs.map((input) => input.name).join("")}x`;
  yield ["an input more", [...inputs, tensor(name, new Uint8Array(0))]];
  const [chosen, others] = pick(inputs, choice);
  if (chosen === undefined) return;
  const { data, shape } = chosen;
  const at = choice % (data.byteLength + 1);
  yield ["an input less", others];
  yield ["an input's name", [...others, { ...chosen, name }]];
  const datatype = chosen.datatype === "INT8" ? "UINT8" : "INT8";
  yield ["an input's datatype", [...others, { ...chosen, datatype }]];
  yield ["an input's rank", [...others, { ...chosen, shape: [...shape, 1] }]];
  const [first, ...rest] = shape;
  if (first !== undefined) {
    yield [
      "a dimension",
      [...others, { ...chosen, shape: [first === 0 ? 1 : first - 1, ...rest] }],
    ];
  }
  yield ["a byte more", [...others, { ...chosen, data: Buffer.concat([data, Buffer.of(0)]) }]];
  if (at === data.byteLength) return;
  const flipped = Uint8Array.from(data, (byte, index) => (index === at ? byte ^ 1 : byte));
  yield ["a byte", [...others, { ...chosen, data: flipped }]];
  yield ["a byte less", [...others, { ...chosen, data: data.subarray(1) }]];
}

function pick<T>(items: readonly T[], choice: number): [T | undefined, readonly T[]] {
  const index = items.length === 0 ? 0 : choice % items.length;
  return [items[index], items.filter((_, other) => other !== index)];
}
