import { fileURLToPath } from "node:url";
import { KvringError, requestKey } from "@kvring/core";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, test } from "vitest";
import { resolveInputs, resolveOutputs } from "./inputs.ts";
import { encodeRequest } from "./request.ts";
import { type ScannedRequest, scanRequest } from "./scan.ts";

/** The slow twin: protobufjs over the protocol file. */
const protocol = fileURLToPath(new URL("../../../../proto/inference.proto", import.meta.url));
const root = new protobuf.Root().loadSync(protocol, { keepCase: true });
const requestType = root.lookupType("inference.ModelInferRequest");

const signature = {
  inputs: [
    { name: "a", datatype: "UINT8", shape: [-1] },
    { name: "b", datatype: "UINT8", shape: [-1] },
  ],
  outputs: [{ name: "y", datatype: "UINT8", shape: [-1] }],
} as const;

const bytes = fc.uint8Array({ minLength: 1, maxLength: 20 });
const requests = fc
  .record({
    id: fc.string({ maxLength: 5 }),
    a: bytes,
    b: bytes,
    value: fc.string({ maxLength: 5 }),
  })
  .map(({ id, a, b, value }) =>
    encodeRequest({
      ...{ model: "m", version: "1", id, outputs: ["y"] },
      parameters: [{ name: "p", kind: "string", value }],
      inputs: [
        { name: "a", datatype: "UINT8", shape: [a.length], data: a },
        { name: "b", datatype: "UINT8", shape: [b.length], data: b },
      ],
    }),
  );

/** The top-level fields, each with its tag. */
function fieldsOf(message: Uint8Array): Uint8Array[] {
  const reader = protobuf.Reader.create(message);
  const fields: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    reader.skipType(reader.uint32() & 7);
    fields.push(message.subarray(start, reader.pos));
  }
  return fields;
}

const unknownField = fc
  .tuple(fc.integer({ min: 8, max: 2 ** 29 - 1 }), fc.constantFrom(0, 1, 2, 5))
  .map(([number, type]) => {
    const writer = protobuf.Writer.create().uint32(((number << 3) | type) >>> 0);
    if (type === 0) return writer.uint32(300).finish();
    if (type === 1) return writer.fixed64(7).finish();
    if (type === 2) return writer.bytes(Buffer.from("later")).finish();
    return writer.fixed32(7).finish();
  });

type Mangling =
  | { readonly do: "swap" | "repeat" | "drop"; readonly at: number; readonly to: number }
  | { readonly do: "insert"; readonly at: number; readonly field: Uint8Array }
  | { readonly do: "truncate"; readonly bytes: number }
  | { readonly do: "overstate"; readonly at: number; readonly by: number };

const manglings: fc.Arbitrary<Mangling> = fc.oneof(
  fc.record({ do: fc.constantFrom("swap", "repeat", "drop"), at: fc.nat(), to: fc.nat() }),
  fc.record({ do: fc.constant("insert" as const), at: fc.nat(), field: unknownField }),
  fc.record({ do: fc.constant("truncate" as const), bytes: fc.integer({ min: 1, max: 30 }) }),
  fc.record({
    do: fc.constant("overstate" as const),
    at: fc.nat(),
    by: fc.integer({ min: 1, max: 127 }),
  }),
);

function mangled(message: Uint8Array, steps: readonly Mangling[]): Uint8Array {
  const fields = fieldsOf(message).map((field) => Buffer.from(field));
  let cut = 0;
  for (const step of steps) {
    if (step.do === "truncate") cut = step.bytes;
    else if (step.do === "insert") {
      fields.splice(step.at % (fields.length + 1), 0, Buffer.from(step.field));
    } else if (fields.length > 0) {
      const at = step.at % fields.length;
      const field = fields[at] ?? Buffer.alloc(0);
      if (step.do === "overstate") {
        // Lengths here take one byte, behind a tag of one byte.
        field[1] = Math.min(127, (field[1] ?? 0) + step.by);
      } else {
        if (step.do !== "repeat") fields.splice(at, 1);
        if (step.do !== "drop") fields.splice(step.to % (fields.length + 1), 0, field);
      }
    }
  }
  const all = Buffer.concat(fields);
  return all.subarray(0, Math.max(0, all.length - cut));
}

/** The key of a request as it was read, or why there is none. */
function keyOf(request: ScannedRequest): string {
  const key = requestKey({
    tenant: "",
    model: { name: request.modelName, version: request.modelVersion, digest: "0".repeat(64) },
    outputs: resolveOutputs(request, signature),
    parameters: request.parameters,
    inputs: resolveInputs(request, signature),
  });
  return Buffer.from(key).toString("hex");
}

/** The same request as protobufjs understands it, written anew in the usual order. */
function rewritten(message: Uint8Array): Uint8Array {
  return requestType.encode(requestType.decode(message)).finish();
}

function attempt<T>(what: () => T): T | KvringError {
  try {
    return what();
  } catch (error) {
    if (error instanceof KvringError) return error;
    throw error;
  }
}

describe("a request whose fields are swapped, repeated, dropped, unknown, cut off or too long", () => {
  const many = fc.array(manglings, { minLength: 1, maxLength: 4 });

  test("is refused, or has the key of what protobufjs reads in it: never a wrong hit", () => {
    let understood = 0;
    fc.assert(
      fc.property(requests, many, (request, steps) => {
        const message = mangled(request, steps);
        const key = attempt(() => keyOf(scanRequest(message)));
        if (key instanceof KvringError) return;
        understood += 1;
        expect(keyOf(scanRequest(rewritten(message)))).toBe(key);
      }),
      { numRuns: 1_000 },
    );
    // Otherwise nothing was tried.
    expect(understood).toBeGreaterThan(100);
  });

  test("has the key it had, where only what changes nothing was done", () => {
    const harmless = fc.array(
      fc.record({ do: fc.constant("insert" as const), at: fc.nat(), field: unknownField }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(requests, harmless, (request, steps) => {
        expect(keyOf(scanRequest(mangled(request, steps)))).toBe(keyOf(scanRequest(request)));
      }),
    );
  });
});
