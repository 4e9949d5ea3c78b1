import { strict as assert } from "node:assert";
import type { Tensor } from "@kvring/core";
import type { ModelArtifact } from "../api.ts";
import { loadArtifact } from "../artifact-file.ts";
import { readRepository } from "../repository/repository.ts";
import type { TemporaryRepository } from "./repository.ts";

/** A model that the repository serves, by name. */
export async function servedModel(repository: TemporaryRepository, name: string) {
  const { models } = await readRepository(repository.dir);
  const model = models.find((candidate) => candidate.name === name);
  assert(model !== undefined, `the repository serves no ${name}`);
  return model;
}

/** A model that no repository would serve, with a signature that says otherwise. */
export async function smuggledModel(
  path: string,
  like: ModelArtifact,
  name: string,
): Promise<ModelArtifact> {
  const { digest } = await loadArtifact(path);
  return { ...like, name, digest, path };
}

export function int64(name: string, value: bigint): Tensor {
  const data = new Uint8Array(BigInt64Array.of(value).buffer);
  return { name, datatype: "INT64", shape: [], data };
}

export function float64(name: string, value: number): Tensor {
  return { name, datatype: "FP64", shape: [], data: new Uint8Array(Float64Array.of(value).buffer) };
}

export function floats(name: string, ...values: number[]): Tensor {
  const data = new Uint8Array(Float32Array.from(values).buffer);
  return { name, datatype: "FP32", shape: [values.length], data };
}
