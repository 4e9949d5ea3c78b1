import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalBytes, type KeyedRequest, type Parameter, requestKey } from "./request-key.ts";
import type { Tensor } from "./tensor.ts";

/** Pairs of requests with the same letters in the same order, cut into fields differently. */
const movedBytes: readonly [string, KeyedRequest, KeyedRequest][] = [
  ["from the model to the tenant", request({ tenant: "a" }), request({ name: "am" })],
  ["from the version to the model", request({ name: "m1", version: "" }), request({})],
  ["from the digest to the version", request({ version: "1d", digest: "" }), request({})],
  ["from an output to the digest", request({ digest: "do", outputs: [""] }), request({})],
  ["between outputs", request({ outputs: ["ab", "c"] }), request({ outputs: ["a", "bc"] })],
  ["into an output of its own", request({ outputs: ["a", "b"] }), request({ outputs: ["ab"] })],
  ["from output to parameter", request({ outputs: ["o", "p"] }), withParameter("p")],
  ["from value to name", withParameter("ab", "c"), withParameter("a", "bc")],
  ["from input to parameter", withParameter("x"), withInputs(input("x"))],
  [
    "from datatype to name",
    withInputs(input("x", "", "IINT8")),
    withInputs(input("xI", "", "INT8")),
  ],
  [
    "from shape to data",
    withInputs(input("x", "a", "UINT8", [])),
    withInputs(input("x", "", "UINT8", [97])),
  ],
  [
    "between inputs' data",
    withInputs(input("x", "ab"), input("y", "c")),
    withInputs(input("x", "a"), input("y", "bc")),
  ],
  [
    "from data to the next name",
    withInputs(input("x", "ab"), input("y")),
    withInputs(input("x", "a"), input("by")),
  ],
];

test.each(movedBytes)("a byte that moves %s makes another request", (_, one, other) => {
  expect(hex(requestKey(one))).not.toBe(hex(requestKey(other)));
});

test("data that looks like what follows it is still data", () => {
  const two = withInputs(input("x"), input("y"));
  const canonical = Buffer.from(canonicalBytes(two));
  const one = withInputs(
    input("x", canonical.subarray(canonical.indexOf("x") + 1).toString("latin1")),
  );
  expect(hex(requestKey(one))).not.toBe(hex(requestKey(two)));
});

// Few letters and short fields, so that many requests have the same letters in a row.
test("canonical forms are equal exactly where requests are", () => {
  fc.assert(
    fc.property(fc.array(tinyRequest(), { minLength: 100, maxLength: 200 }), (requests) => {
      const forms = new Map<string, string>();
      for (const tiny of requests) {
        const canonical = hex(canonicalBytes(tiny));
        const form = normalForm(tiny);
        expect(forms.get(canonical) ?? form).toBe(form);
        forms.set(canonical, form);
      }
      expect(new Set(forms.values()).size).toBe(forms.size);
    }),
    { numRuns: 30 },
  );
});

function tinyRequest(): fc.Arbitrary<KeyedRequest> {
  const text = fc.string({ unit: fc.constantFrom("a", "\0", "\u0001"), maxLength: 2 });
  const selector = ({ name }: { readonly name: string }): string => name;
  const parameter = fc.oneof(
    fc.record({ name: text, kind: fc.constant("none" as const) }),
    fc.record({ name: text, kind: fc.constant("string" as const), value: text }),
    fc.record({ name: text, kind: fc.constant("bool" as const), value: fc.boolean() }),
  );
  const tensor = fc.record({
    name: text,
    datatype: fc.constant("UINT8" as const),
    shape: fc.array(fc.nat({ max: 1 }), { maxLength: 1 }),
    data: text.map((bytes) => Buffer.from(bytes)),
  });
  return fc.record({
    tenant: text,
    model: fc.record({ name: text, version: text, digest: text }),
    outputs: fc.array(text, { maxLength: 2 }),
    parameters: fc.uniqueArray(parameter, { selector, maxLength: 2 }),
    inputs: fc.uniqueArray(tensor, { selector, maxLength: 2 }),
  });
}

function normalForm({ tenant, model, outputs, parameters, inputs }: KeyedRequest): string {
  const sorted = <T extends { readonly name: string }>(items: readonly T[]): T[] =>
    items.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const bytes = sorted(inputs).map((tensor) => ({ ...tensor, data: hex(tensor.data) }));
  return JSON.stringify([tenant, model, outputs, sorted(parameters), bytes]);
}

function request(fields: {
  readonly tenant?: string;
  readonly name?: string;
  readonly version?: string;
  readonly digest?: string;
  readonly outputs?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly inputs?: readonly Tensor[];
}): KeyedRequest {
  const { tenant = "", name = "m", version = "1", digest = "d", ...rest } = fields;
  const model = { name, version, digest };
  return { tenant, model, outputs: ["o"], parameters: [], inputs: [], ...rest };
}

function withParameter(name: string, value = ""): KeyedRequest {
  return request({ parameters: [{ name, kind: "string", value }] });
}

function withInputs(...inputs: readonly Tensor[]): KeyedRequest {
  return request({ inputs });
}

/** The datatype is any text here: the key must not rest on there being only thirteen. */
function input(name: string, data = "", datatype = "UINT8", shape = [1]): Tensor {
  return {
    name,
    datatype: datatype as Tensor["datatype"],
    shape,
    data: Buffer.from(data, "latin1"),
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
