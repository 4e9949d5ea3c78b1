import {
  type CatalogEntry,
  type Presence,
  type Registry,
  type Stoppable,
  watchCatalog,
  watchRecords,
} from "@kvring/bus";
import { compareVersions, KvringError, type Log, type ScopeId, scopeId } from "@kvring/core";
import { type RefusedModel, refusedModels, whyRefused } from "./refused-models.ts";

/** A model version that the cluster serves. */
export interface ServedModel extends CatalogEntry {
  /** What every entry of this model belongs to: everything, the model, the version, its tags. */
  readonly scopes: readonly ScopeId[];
}

/**
 * Which models there are, as the registry tells, and which of them a live worker can compute.
 * The gateway never reads model files.
 */
export class ModelCatalog {
  readonly #versions = new Map<string, ServedModel[]>();
  #computable: ReadonlySet<string> = new Set();
  #refused: readonly RefusedModel[] = [];
  readonly #watches: Stoppable[] = [];
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  async follow(registry: Registry, presence: Presence): Promise<void> {
    this.#watches.push(await watchCatalog(registry, (models) => this.#replace(models.values())));
    this.#watches.push(
      await watchRecords(presence, "worker", (workers) => {
        this.#computable = new Set([...workers.values()].flatMap(({ digests }) => digests));
        this.#refused = refusedModels(workers.values());
      }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.stop()));
  }

  /** An empty version is the newest. Throws MODEL_NOT_FOUND. */
  resolve(name: string, version: string): ServedModel {
    const versions = this.#versions.get(name);
    const found =
      version === "" ? versions?.[0] : versions?.find((model) => model.version === version);
    if (found !== undefined) return found;
    throw new KvringError("MODEL_NOT_FOUND", this.#notFound(name, version, versions));
  }

  /** Newest first; empty for an unknown model. */
  versionsOf(name: string): readonly ServedModel[] {
    return this.#versions.get(name) ?? [];
  }

  isComputable(model: ServedModel): boolean {
    return this.#computable.has(model.digest);
  }

  /** Whether any model can be answered, computed included. */
  get isReady(): boolean {
    return this.computable().length > 0;
  }

  computable(): readonly ServedModel[] {
    return this.all().filter((model) => this.isComputable(model));
  }

  all(): readonly ServedModel[] {
    return [...this.#versions.values()].flat();
  }

  /** What live workers found and do not serve. */
  refused(): readonly RefusedModel[] {
    return this.#refused;
  }

  #replace(entries: Iterable<CatalogEntry>): void {
    this.#versions.clear();
    for (const entry of entries) {
      const versions = this.#versions.get(entry.model) ?? [];
      versions.push({ ...entry, scopes: scopesOf(entry) });
      versions.sort((a, b) => compareVersions(b.version, a.version));
      this.#versions.set(entry.model, versions);
    }
    this.#log.info({ models: this.all().length }, "the model catalog changed");
  }

  #notFound(name: string, version: string, versions: readonly ServedModel[] | undefined): string {
    const why = whyRefused(this.#refused, name, version);
    if (why !== undefined) {
      const what = why.version === "" ? "" : ` version ${why.version}`;
      return `model "${name}"${what} is not served: ${why.reason} (worker ${why.workerId})`;
    }
    if (versions !== undefined) {
      const known = versions.map((model) => model.version).join(", ");
      return `model "${name}" has no version "${version}"; it has ${known}`;
    }
    const known = [...this.#versions.keys()].slice(0, 10).join(", ");
    return `model "${name}" is unknown; ${known === "" ? "no worker has announced a model yet" : `known are ${known}`}`;
  }
}

function scopesOf(entry: CatalogEntry): ScopeId[] {
  const { model, version, tags } = entry;
  return [
    scopeId({ kind: "all" }),
    scopeId({ kind: "model", model }),
    scopeId({ kind: "version", model, version }),
    ...tags.map((tag) => scopeId({ kind: "tag", tenant: "", tag })),
  ];
}
