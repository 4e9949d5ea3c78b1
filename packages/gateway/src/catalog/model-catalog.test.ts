import { activate, announceRecord, type Bus, createInProcessBus, deactivate } from "@kvring/bus";
import { scopeId } from "@kvring/core";
import { beforeEach, describe, expect, test } from "vitest";
import type { ModelCatalog } from "./model-catalog.ts";
import { catalogOf, digestOf, entryOf, heard, publish } from "./testing/catalog.ts";

let bus: Bus;
let catalog: ModelCatalog;

beforeEach(async () => {
  bus = createInProcessBus();
  await publish(bus, entryOf({ version: "9" }), entryOf({ version: "10", digest: digestOf("2") }));
  catalog = await catalogOf(bus);
});

function notFound(message: string) {
  return expect.objectContaining({ reason: "MODEL_NOT_FOUND", message });
}

describe("a catalog", () => {
  test("has the newest version where none is asked for: 10 comes after 9", () => {
    expect(catalog.resolve("sums", "").version).toBe("10");
    expect(catalog.resolve("sums", "9").digest).toBe(digestOf("1"));
    expect(catalog.versionsOf("sums").map(({ version }) => version)).toEqual(["10", "9"]);
    expect(catalog.all()).toHaveLength(2);
  });

  test("says what there is when something is not", async () => {
    expect(() => catalog.resolve("sums", "3")).toThrow(
      notFound('model "sums" has no version "3"; it has 10, 9'),
    );
    expect(() => catalog.resolve("mnist", "")).toThrow(
      notFound('model "mnist" is unknown; known are sums'),
    );
    const empty = await catalogOf(createInProcessBus());
    expect(() => empty.resolve("mnist", "")).toThrow(
      notFound('model "mnist" is unknown; no worker has announced a model yet'),
    );
    expect(catalog.versionsOf("mnist")).toEqual([]);
  });

  test("says why a worker does not serve what is asked for", async () => {
    const refusals = [
      { name: "broken", version: "2", reason: "no ONNX file" },
      { name: "sums", version: "11", reason: "x".repeat(400) },
      { name: "empty", version: "", reason: "it has no version" },
    ];
    const worker = { id: "worker-2", digests: [], rejected: refusals };
    const announcement = await announceRecord(bus.presence, "worker", worker);
    await heard();
    expect(() => catalog.resolve("broken", "")).toThrow(
      notFound('model "broken" version 2 is not served: no ONNX file (worker worker-2)'),
    );
    expect(() => catalog.resolve("sums", "11")).toThrow(/^model "sums" version 11 .*: x{300}… /);
    expect(() => catalog.resolve("sums", "3")).toThrow("has no version");
    expect(() => catalog.resolve("empty", "4")).toThrow(
      notFound('model "empty" is not served: it has no version (worker worker-2)'),
    );
    expect(catalog.resolve("sums", "").version).toBe("10");
    expect(catalog.refused().map(({ model }) => model)).toEqual(["broken", "sums", "empty"]);
    await announcement.stop();
    await heard();
    expect(catalog.refused()).toEqual([]);
  });

  test("names a thousand refusals at most", async () => {
    const rejected = Array.from({ length: 1_200 }, (_, at) => ({
      ...{ name: `m${at}`, version: "1", reason: "no" },
    }));
    await announceRecord(bus.presence, "worker", { id: "worker-2", digests: [], rejected });
    await heard();
    expect(catalog.refused()).toHaveLength(1_000);
  });

  test("follows what is activated, replaced and withdrawn", async () => {
    await activate(bus.registry, entryOf({ model: "mnist", digest: digestOf("3") }), undefined);
    await activate(bus.registry, entryOf({ version: "9", digest: digestOf("4") }), digestOf("1"));
    await deactivate(bus.registry, "sums", "10", digestOf("2"));
    await heard();
    expect(catalog.resolve("mnist", "1").digest).toBe(digestOf("3"));
    expect(catalog.resolve("sums", "").digest).toBe(digestOf("4"));
    await catalog.stop();
    await deactivate(bus.registry, "mnist", "1", digestOf("3"));
    await heard();
    expect(catalog.versionsOf("mnist")).toHaveLength(1);
  });

  test("says to what each answer of a model belongs", async () => {
    await activate(bus.registry, entryOf({ model: "mnist", tags: ["vision"] }), undefined);
    await heard();
    expect(catalog.resolve("mnist", "").scopes).toEqual([
      scopeId({ kind: "all" }),
      scopeId({ kind: "model", model: "mnist" }),
      scopeId({ kind: "version", model: "mnist", version: "1" }),
      scopeId({ kind: "tag", tenant: "", tag: "vision" }),
    ]);
  });
});

describe("readiness", () => {
  test("is that a live worker computes what the catalog serves", async () => {
    expect(catalog.isReady).toBe(true);
    expect(catalog.isComputable(catalog.resolve("sums", "9"))).toBe(true);
  });

  test("is not that a model was activated once, or that a worker holds other bytes", async () => {
    const lonely = createInProcessBus();
    await activate(lonely.registry, entryOf(), undefined);
    const abandoned = await catalogOf(lonely);
    expect(abandoned.isReady).toBe(false);
    const worker = { id: "worker-2", digests: [digestOf("5")], rejected: [] };
    const announcement = await announceRecord(lonely.presence, "worker", worker);
    await heard();
    expect(abandoned.isReady).toBe(false);
    await announcement.update({ ...worker, digests: [digestOf("5"), digestOf("1")] });
    await heard();
    expect(abandoned.isReady).toBe(true);
    await announcement.stop();
    await heard();
    expect(abandoned.isReady).toBe(false);
  });
});
