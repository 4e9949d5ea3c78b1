import { isDatatype, limits, policyNames } from "@kvring/core";
import { z } from "zod";
import { compareAndSet } from "./compare-and-set.ts";
import { checkRecord, decodeRecord, encodeRecord } from "./json-record.ts";
import type { Registry, Stoppable } from "./ports.ts";

const prefix = "catalog/";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const tensorSpec = z.object({
  name: z.string().min(1).max(limits.nameBytes),
  datatype: z.string().refine(isDatatype),
  shape: z.array(z.int().min(-1)).max(limits.tensorRank),
});

const lifeMs = z.number().positive().max(limits.entryTtlMs);
const lifeMsOrNone = z.number().min(0).max(limits.entryTtlMs);

const catalogEntry = z.object({
  model: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/),
  version: z.string().regex(/^[0-9]{1,18}$/),
  /** The activated artifact: only its answers are served under this version. */
  digest,
  /** As the Open Inference Protocol names it: "onnxruntime_onnx". */
  platform: z.string().max(limits.nameBytes),
  inputs: z.array(tensorSpec).max(1024),
  outputs: z.array(tensorSpec).max(1024),
  /** The life of its answers; absent: the cluster's default. */
  ttlMs: z.exactOptional(lifeMs),
  /** The other rules of `LifeRules`. */
  tagTtlMs: z.exactOptional(z.record(z.string(), lifeMs)),
  staleWhileRevalidateMs: z.exactOptional(lifeMsOrNone),
  earlyRefresh: z.exactOptional(z.number().min(0)),
  negativeTtlMs: z.exactOptional(lifeMsOrNone),
  activity: z.exactOptional(z.object({ asks: z.int().min(1), inactiveTtlMs: lifeMsOrNone })),
  // A policy of a later release is none that this one has.
  policy: z.optional(z.enum(policyNames)).catch(undefined),
  /** Tags that each of its answers carries. */
  tags: z.array(z.string()).max(limits.tagsPerRequest),
});

/** A model version that is served, and by which artifact. */
export type CatalogEntry = Readonly<z.infer<typeof catalogEntry>>;

export function catalogKey(model: string, version: string): string {
  return `${prefix}${model}/${version}`;
}

export type Activation =
  | { readonly outcome: "activated"; readonly entry: CatalogEntry }
  /** Another artifact is active under this version, or none although one was expected. */
  | { readonly outcome: "conflict"; readonly current: CatalogEntry | undefined };

/**
 * Makes `entry.digest` the artifact of its model version, if the active one is still
 * `expectedDigest` (undefined: none is). Whoever activates what is active already has succeeded,
 * so every worker that holds the artifact may call it. A record that cannot be read counts as none.
 * Throws MODEL_INVALID for an entry that the catalog cannot hold, and BUS_UNAVAILABLE.
 */
export async function activate(
  registry: Registry,
  entry: CatalogEntry,
  expectedDigest: string | undefined,
): Promise<Activation> {
  const what = `the catalog entry of ${entry.model} ${entry.version}`;
  const value = encodeRecord(checkRecord(catalogEntry, entry, { reason: "MODEL_INVALID", what }));
  return compareAndSet<Activation>(registry, catalogKey(entry.model, entry.version), (stored) => {
    const current = stored && decodeRecord(catalogEntry, stored.value);
    if (stored !== undefined && Buffer.compare(stored.value, value) === 0) {
      return { kind: "leave", outcome: { outcome: "activated", entry } };
    }
    // The same artifact with another life or other tags: its configuration changed.
    if (current?.digest === expectedDigest || current?.digest === entry.digest) {
      return { kind: "write", value, outcome: { outcome: "activated", entry } };
    }
    return { kind: "leave", outcome: { outcome: "conflict", current } };
  });
}

/**
 * Takes a model version out of the catalog, if `digest` is still its artifact. Whether it was
 * there. Throws BUS_UNAVAILABLE.
 */
export async function deactivate(
  registry: Registry,
  model: string,
  version: string,
  digest: string,
): Promise<boolean> {
  const key = catalogKey(model, version);
  const stored = await registry.get(key);
  if (stored === undefined) return false;
  if (decodeRecord(catalogEntry, stored.value)?.digest !== digest) return false;
  await registry.delete(key, stored.revision);
  return true;
}

/**
 * The whole catalog by `<model>/<version>`, now and after every change. Records that cannot be
 * read are left out; the others are served.
 */
export async function watchCatalog(
  registry: Registry,
  onChange: (models: ReadonlyMap<string, CatalogEntry>) => void,
): Promise<Stoppable> {
  const models = new Map<string, CatalogEntry>();
  let complete = false;
  const watch = await registry.watch(prefix, (change) => {
    const name = change.key.slice(prefix.length);
    const entry =
      change.kind === "set" ? decodeRecord(catalogEntry, change.entry.value) : undefined;
    if (entry !== undefined && change.key === catalogKey(entry.model, entry.version)) {
      models.set(name, entry);
    } else if (!models.delete(name)) return;
    if (complete) onChange(new Map(models));
  });
  complete = true;
  onChange(new Map(models));
  return watch;
}
