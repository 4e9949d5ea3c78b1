import { createInProcessBus } from "@kvring/bus";
import { type Parameter, scopeId } from "@kvring/core";
import { encodeRequest, type InferRequest, scanRequest } from "@kvring/wire";
import { beforeAll, describe, expect, test } from "vitest";
import type { ModelCatalog } from "../catalog/model-catalog.ts";
import { catalogOf, digestOf, entryOf, publish } from "../catalog/testing/catalog.ts";
import { checkRequest } from "./checked-request.ts";

const born = { epoch: 3, sequence: 9 };
let catalog: ModelCatalog;

beforeAll(async () => {
  const bus = createInProcessBus();
  await publish(bus, entryOf(), entryOf({ version: "2", digest: digestOf("2"), tags: ["math"] }));
  catalog = await catalogOf(bus);
});

const tensor = (name: string) =>
  ({ name, datatype: "INT32", shape: [2], data: Buffer.alloc(8) }) as const;
const text = (name: string, value: string): Parameter => ({ name, kind: "string", value });

function check(
  request: Partial<InferRequest>,
  call: { readonly tenant?: string; readonly metadata?: readonly Parameter[] } = {},
) {
  const message = encodeRequest({ model: "sums", inputs: [tensor("a"), tensor("b")], ...request });
  const { tenant = "", metadata = [] } = call;
  return checkRequest(scanRequest(message), message, {
    catalog,
    born,
    tenant,
    parametersOfCall: metadata,
  });
}

const keyOf = (...call: Parameters<typeof check>) =>
  Buffer.from(check(...call).key).toString("hex");

describe("a checked request", () => {
  test("knows its model, its key and to what its answer belongs", () => {
    const checked = check(
      { id: "7", parameters: [text("cache_tags", "users")] },
      { tenant: "acme" },
    );
    expect(checked).toMatchObject({
      id: "7",
      born,
      model: { version: "2", digest: digestOf("2") },
    });
    expect(checked.key).toHaveLength(32);
    expect(checked.scopes).toEqual([
      scopeId({ kind: "all" }),
      scopeId({ kind: "model", model: "sums" }),
      scopeId({ kind: "version", model: "sums", version: "2" }),
      scopeId({ kind: "tag", tenant: "", tag: "math" }),
      scopeId({ kind: "tag", tenant: "acme", tag: "users" }),
    ]);
  });

  test("has the same key whatever does not change the answer", () => {
    const key = keyOf({});
    expect(keyOf({ version: "2" })).toBe(key);
    expect(keyOf({ id: "8" })).toBe(key);
    expect(keyOf({ inputs: [tensor("b"), tensor("a")] })).toBe(key);
    expect(keyOf({ outputs: ["sum", "difference"] })).toBe(key);
    expect(keyOf({ parameters: [text("cache_control", "no-cache")] })).toBe(key);
    expect(keyOf({}, { metadata: [text("cache_tags", "users")] })).toBe(key);
  });

  test("has another key whatever does", () => {
    const keys = [
      keyOf({}),
      keyOf({ version: "1" }),
      keyOf({ outputs: ["sum"] }),
      keyOf({ outputs: ["difference", "sum"] }),
      keyOf({ parameters: [text("temperature", "1")] }),
      keyOf({}, { tenant: "acme" }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("what a call says in metadata", () => {
  const metadata = [text("cache_control", "no-store"), text("cache_ttl_ms", "5000")];

  test("counts where the request does not say it", () => {
    expect(check({}, { metadata }).cache).toMatchObject({ noStore: true, ttlMs: 5_000 });
  });

  test("gives way, name by name, to the request's own parameter", () => {
    const { cache } = check({ parameters: [text("cache_control", "max-age=1")] }, { metadata });
    expect(cache).toMatchObject({ noStore: false, maxAgeMs: 1_000, ttlMs: 5_000 });
  });

  test("is checked like a parameter", () => {
    const bad = [text("cache_control", "sometimes")];
    expect(() => check({}, { metadata: bad })).toThrow(
      expect.objectContaining({
        reason: "BAD_CACHE_CONTROL",
        message: expect.stringContaining('"sometimes" is unknown'),
      }),
    );
  });
});

describe("a request is refused", () => {
  test.each([
    ["MODEL_NOT_FOUND", { model: "mnist" }],
    ["MODEL_NOT_FOUND", { version: "3" }],
    ["INPUT_MISSING", { inputs: [tensor("a")] }],
    ["INPUT_UNKNOWN", { inputs: [tensor("a"), tensor("b"), tensor("c")] }],
    ["OUTPUT_UNKNOWN", { outputs: ["product"] }],
    ["BAD_CACHE_CONTROL", { parameters: [text("cache_control", "no-cache, only-if-cached")] }],
    ["BAD_TAG", { parameters: [text("cache_tags", "x".repeat(129))] }],
  ] as const)("with %s: %o", (reason, request) => {
    expect(() => check(request)).toThrow(expect.objectContaining({ reason }));
  });

  test("when it is part of a sequence: a remembered answer would be wrong", () => {
    const parameters: Parameter[] = [{ name: "sequence_id", kind: "uint64", value: 5n }];
    expect(() => check({ parameters })).toThrow(
      expect.objectContaining({
        reason: "UNSUPPORTED_PARAMETER",
        message: expect.stringContaining('"sequence_id": stateful sequences are not served'),
      }),
    );
  });
});
