import { beforeEach, expect, test } from "vitest";
import { activate, type CatalogEntry, catalogKey, watchCatalog } from "./catalog.ts";
import { bytes, digest, eventually } from "./contract/support.ts";
import { createInProcessBus } from "./in-process/bus.ts";
import type { Registry } from "./ports.ts";

let registry: Registry;

beforeEach(() => {
  registry = createInProcessBus().registry;
});

function entry(version: string, hex: string, changes: Partial<CatalogEntry> = {}): CatalogEntry {
  return {
    model: "resnet.v2",
    version,
    digest: digest(hex),
    platform: "onnxruntime_onnx",
    inputs: [{ name: "x", datatype: "FP32", shape: [-1, 3] }],
    outputs: [{ name: "y", datatype: "INT64", shape: [] }],
    ttlMs: 60_000,
    tags: ["images"],
    ...changes,
  };
}

test("the first artifact of a version is activated, and by whoever else holds it", async () => {
  const mine = entry("1", "aa");
  expect(await activate(registry, mine, undefined)).toEqual({ outcome: "activated", entry: mine });
  const revision = (await registry.get(catalogKey("resnet.v2", "1")))?.revision;
  expect(await activate(registry, mine, undefined)).toEqual({ outcome: "activated", entry: mine });
  expect((await registry.get(catalogKey("resnet.v2", "1")))?.revision).toBe(revision);
});

test("other bytes under one version are a conflict, unless they replace what is expected", async () => {
  const [a, b, c] = [entry("1", "aa"), entry("1", "bb"), entry("1", "cc")];
  await activate(registry, a, undefined);
  expect(await activate(registry, b, undefined)).toEqual({ outcome: "conflict", current: a });
  expect(await activate(registry, b, c.digest)).toEqual({ outcome: "conflict", current: a });
  expect(await activate(registry, b, a.digest)).toMatchObject({ outcome: "activated" });
  expect(await activate(registry, c, a.digest)).toEqual({ outcome: "conflict", current: b });
  const none = await activate(registry, entry("2", "aa"), a.digest);
  expect(none).toEqual({ outcome: "conflict", current: undefined });
});

test("of many artifacts that are activated at once one wins", async () => {
  const entries = Array.from({ length: 16 }, (_, index) => entry("1", `${10 + index}`));
  const outcomes = await Promise.all(entries.map((mine) => activate(registry, mine, undefined)));
  expect(outcomes.filter(({ outcome }) => outcome === "activated")).toHaveLength(1);
});

test("the same artifact with another configuration is written", async () => {
  await activate(registry, entry("1", "aa"), undefined);
  const changed = entry("1", "aa", { ttlMs: 1 });
  expect(await activate(registry, changed, undefined)).toMatchObject({ outcome: "activated" });
  const { ttlMs, ...unlimited } = changed;
  expect(await activate(registry, unlimited, undefined)).toMatchObject({ outcome: "activated" });
});

test("a watcher gets the whole catalog, once at first and then with every change", async () => {
  const [one, two] = [entry("1", "aa"), entry("2", "bb")];
  await activate(registry, one, undefined);
  await activate(registry, two, undefined);
  const seen: ReadonlyMap<string, CatalogEntry>[] = [];
  const watch = await watchCatalog(registry, (models) => seen.push(models));
  expect(seen.map((models) => Object.fromEntries(models))).toEqual([
    { "resnet.v2/1": one, "resnet.v2/2": two },
  ]);
  const next = entry("1", "cc");
  await activate(registry, next, one.digest);
  await eventually(() => expect(seen.at(-1)?.get("resnet.v2/1")).toEqual(next));
  const stored = await registry.get(catalogKey("resnet.v2", "2"));
  await registry.delete(catalogKey("resnet.v2", "2"), stored?.revision ?? 0);
  await eventually(() => expect([...(seen.at(-1)?.keys() ?? [])]).toEqual(["resnet.v2/1"]));
  await watch.stop();
});

test("an empty catalog is told too", async () => {
  const seen: number[] = [];
  await watchCatalog(registry, (models) => seen.push(models.size));
  expect(seen).toEqual([0]);
});

test("what cannot be read is left out, and overwritten", async () => {
  await registry.put(catalogKey("broken", "1"), bytes("{"), 0);
  await registry.put(catalogKey("resnet.v2", "1"), bytes(JSON.stringify({ model: "x" })), 0);
  // An entry of one version under the key of another.
  await registry.put(catalogKey("resnet.v2", "3"), bytes(JSON.stringify(entry("2", "aa"))), 0);
  await activate(registry, entry("2", "bb"), undefined);
  const seen: string[][] = [];
  await watchCatalog(registry, (models) => seen.push([...models.keys()]));
  expect(seen).toEqual([["resnet.v2/2"]]);
  expect(await activate(registry, entry("1", "aa"), undefined)).toMatchObject({
    outcome: "activated",
  });
  await eventually(() => expect(seen.at(-1)?.toSorted()).toEqual(["resnet.v2/1", "resnet.v2/2"]));
});

test.each([
  ["digest", { digest: "AA" }],
  ["version", { version: "one" }],
  ["ttlMs", { ttlMs: -1 }],
  ["inputs", { inputs: [{ name: "x", datatype: "BF16" as "FP32", shape: [1] }] }],
])("an entry with a bad %s is refused by name", async (field, changes) => {
  await expect(activate(registry, entry("1", "aa", changes), undefined)).rejects.toMatchObject({
    reason: "MODEL_INVALID",
    message: expect.stringContaining(field),
  });
});
