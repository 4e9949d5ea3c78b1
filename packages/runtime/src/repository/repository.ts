import { join } from "node:path";
import { KvringError } from "@kvring/core";
import type { ModelArtifact, ModelConfig, RejectedModel, RepositorySnapshot } from "../api.ts";
import { type ExaminedArtifact, examineArtifact } from "../artifact-file.ts";
import { fingerprintOf } from "../file-reading.ts";
import { readConfig } from "./config.ts";
import { chosenVersions, listModels, listVersions, repositoryRoot } from "./layout.ts";

/**
 * File systems stamp times by a clock that ticks every few milliseconds, some every second: two
 * changes within one tick look like one. So a fingerprint this young proves nothing later.
 */
const settledMs = 2_000;

/** What was read of one model file, and whether its fingerprints can be relied on. */
interface Reading extends ExaminedArtifact {
  readonly settled: boolean;
}

/** Readings behind a snapshot, by path of the model file: what need not be hashed again. */
const readingsOf = new WeakMap<RepositorySnapshot, ReadonlyMap<string, Reading>>();

/**
 * Reads a model repository: `<dir>/<model>/<version>/model.onnx` and `<dir>/<model>/config.json`.
 * Models come in order of name and version. What cannot be served is in `rejected` with its reason,
 * `version` empty where it concerns the whole model, and keeps nothing else from being served.
 *
 * Of files that have not changed since `previous` only the times are looked at.
 *
 * Throws BAD_CONFIG when there is no such directory.
 */
export async function readRepository(
  dir: string,
  previous?: RepositorySnapshot,
): Promise<RepositorySnapshot> {
  const root = await repositoryRoot(dir);
  const pass = new Pass(root, (previous && readingsOf.get(previous)) ?? new Map());
  const { names, rejected } = await listModels(root);
  pass.rejected.push(...rejected);
  for (const name of names) await pass.readModel(name);
  const snapshot = Object.freeze({
    models: Object.freeze(pass.models),
    rejected: Object.freeze(pass.rejected),
  });
  readingsOf.set(snapshot, pass.readings);
  return snapshot;
}

/** One reading of the repository, with what it has found so far. */
class Pass {
  readonly models: ModelArtifact[] = [];
  readonly rejected: RejectedModel[] = [];
  readonly readings = new Map<string, Reading>();
  readonly #root: string;
  readonly #known: ReadonlyMap<string, Reading>;

  constructor(root: string, known: ReadonlyMap<string, Reading>) {
    this.#root = root;
    this.#known = known;
  }

  async readModel(name: string): Promise<void> {
    try {
      const config = await readConfig(join(this.#root, name), this.#root);
      const { versions, rejected } = await listVersions(this.#root, name);
      this.rejected.push(...rejected);
      if (versions.length === 0) throw noVersion(name);
      await this.#readVersions(name, versions, config);
    } catch (error) {
      this.#reject(name, "", error);
    }
  }

  async #readVersions(name: string, versions: readonly string[], config: ModelConfig) {
    const { candidates, one } = chosenVersions(versions, config.versions);
    const served: ModelArtifact[] = [];
    for (const version of candidates) {
      try {
        served.push(await this.#readVersion(name, version, config));
        if (one) break;
      } catch (error) {
        this.#reject(name, version, error);
      }
    }
    this.models.push(...served);
  }

  async #readVersion(name: string, version: string, config: ModelConfig): Promise<ModelArtifact> {
    const path = join(this.#root, name, version, "model.onnx");
    const reading = (await this.#unchanged(path)) ?? (await this.#examine(path));
    this.readings.set(path, reading);
    const { digest, signature, hazards } = reading;
    return Object.freeze({ name, version, digest, path, signature, hazards, config });
  }

  async #unchanged(path: string): Promise<Reading | undefined> {
    const known = this.#known.get(path);
    if (known === undefined || !known.settled) return undefined;
    for (const [file, fingerprint] of known.files) {
      if ((await fingerprintOf(file)) !== fingerprint) return undefined;
    }
    return known;
  }

  async #examine(path: string): Promise<Reading> {
    // Before, not after: what is written while we read must count as young.
    const beganMs = Date.now();
    const examined = await examineArtifact(path, this.#root);
    const changes = [...examined.files.values()].map(changedMs);
    return { ...examined, settled: changes.every((atMs) => atMs + settledMs < beganMs) };
  }

  #reject(name: string, version: string, error: unknown): void {
    this.rejected.push({ name, version, reason: KvringError.from(error).message });
  }
}

/** When the file or its inode last changed, from a fingerprint, by the file system's clock. */
function changedMs(fingerprint: string): number {
  return Number(fingerprint.split(":").at(-1)) / 1e6;
}

function noVersion(name: string): KvringError {
  return new KvringError(
    "MODEL_INVALID",
    `${name} holds no version: its model belongs into ${name}/1/model.onnx`,
  );
}
