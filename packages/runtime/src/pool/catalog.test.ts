import { KvringError, silentLog } from "@kvring/core";
import { expect, test } from "vitest";
import type { ModelArtifact } from "../api.ts";
import { Catalog } from "./catalog.ts";

function artifact(digest: string): ModelArtifact {
  const config = { tags: [], versions: "latest", threads: 1 } as const;
  const signature = { inputs: [], outputs: [] };
  return { name: "m", version: "1", digest, path: `/models/${digest}`, signature, config };
}

/** What a child does first, and the set of what it holds, which the test keeps as a slot would. */
function nextOf(catalog: Catalog, held: Set<string>) {
  const task = catalog.next(held);
  if (task === undefined) return undefined;
  const { request } = task;
  const digest = request.kind === "load" ? request.model.digest : "";
  return { ...task, what: request.kind, digest };
}

function reload(catalog: Catalog, held: Set<string>, digest: string): void {
  const task = nextOf(catalog, held);
  expect(task?.digest).toBe(digest);
  held.add(digest);
  task?.settle({ kind: "loaded" });
}

function newCatalog() {
  return new Catalog(silentLog, () => {});
}

test("one child tries a model, then the others load it", async () => {
  const catalog = newCatalog();
  const loading = catalog.add(artifact("a"));
  const [first, second] = [new Set<string>(), new Set<string>()];
  const trial = nextOf(catalog, first);
  expect(trial?.what).toBe("load");
  expect(nextOf(catalog, second)).toBeUndefined();
  expect(() => catalog.serving("a")).toThrow("is being loaded");
  first.add("a");
  trial?.settle({ kind: "loaded" });
  await loading;
  expect(catalog.serving("a").digest).toBe("a");
  reload(catalog, second, "a");
  expect(nextOf(catalog, first)).toBeUndefined();
  expect(nextOf(catalog, second)).toBeUndefined();
});

test("a restarted child loads all that is served", async () => {
  const catalog = newCatalog();
  const held = new Set<string>();
  const loading = [catalog.add(artifact("a")), catalog.add(artifact("b"))];
  reload(catalog, held, "a");
  reload(catalog, held, "b");
  await Promise.all(loading);
  const restarted = new Set<string>();
  reload(catalog, restarted, "a");
  reload(catalog, restarted, "b");
  expect(nextOf(catalog, restarted)).toBeUndefined();
});

test("what killed a child when it was tried is loaded by no other until it is removed", async () => {
  const catalog = newCatalog();
  const loading = catalog.add(artifact("a"));
  nextOf(catalog, new Set())?.crashed("died of SIGABRT");
  await expect(loading).rejects.toMatchObject({ reason: "MODEL_CRASHED" });
  await expect(catalog.add(artifact("a"))).rejects.toThrow("died of SIGABRT");
  expect(() => catalog.serving("a")).toThrow("died of SIGABRT");
  expect(nextOf(catalog, new Set())).toBeUndefined();
  catalog.remove("a");
  void catalog.add(artifact("a"));
  expect(nextOf(catalog, new Set())?.what).toBe("load");
});

test("a model that was served before is given up after the second death", async () => {
  const catalog = newCatalog();
  const loading = catalog.add(artifact("a"));
  reload(catalog, new Set(), "a");
  await loading;
  nextOf(catalog, new Set())?.crashed("died of SIGKILL");
  expect(catalog.serving("a").digest).toBe("a");
  reload(catalog, new Set(), "a");
  nextOf(catalog, new Set())?.crashed("died of SIGKILL");
  nextOf(catalog, new Set())?.crashed("died of SIGKILL");
  expect(() => catalog.serving("a")).toThrow("died of SIGKILL");
  expect(nextOf(catalog, new Set())).toBeUndefined();
});

test("one that cannot be loaded is forgotten and may be tried again", async () => {
  const catalog = newCatalog();
  const loading = catalog.add(artifact("a"));
  const error = new KvringError("MODEL_INVALID", "no");
  nextOf(catalog, new Set())?.settle({ kind: "failed", error });
  await expect(loading).rejects.toBe(error);
  expect(() => catalog.serving("a")).toThrow("no model with digest a");
  void catalog.add(artifact("a"));
  expect(nextOf(catalog, new Set())?.what).toBe("load");
});

test("one whose file was replaced under it fails with the reason, and may be tried again", async () => {
  const catalog = newCatalog();
  const held = new Set<string>();
  const loading = catalog.add(artifact("a"));
  reload(catalog, held, "a");
  await loading;
  const error = new KvringError("MODEL_INVALID", "was replaced");
  nextOf(catalog, new Set())?.settle({ kind: "failed", error });
  expect(() => catalog.serving("a")).toThrow("was replaced");
  expect(nextOf(catalog, held)?.what).toBe("unload");
  held.delete("a");
  void catalog.add(artifact("a"));
  expect(nextOf(catalog, held)?.what).toBe("load");
});

test("one that is unloaded while a child loads it is dropped by that child", async () => {
  const catalog = newCatalog();
  const held = new Set<string>();
  const loading = catalog.add(artifact("a"));
  const trial = nextOf(catalog, held);
  catalog.remove("a");
  await expect(loading).rejects.toMatchObject({ reason: "MODEL_UNAVAILABLE" });
  held.add("a");
  trial?.settle({ kind: "loaded" });
  expect(() => catalog.serving("a")).toThrow("no model with digest a");
  expect(nextOf(catalog, held)?.what).toBe("unload");
});
