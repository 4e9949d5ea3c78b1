import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkModelName, compareVersions, isModelVersion, KvringError } from "@kvring/core";
import type { ModelConfig, RejectedModel } from "../api.ts";
import { absent } from "../file-reading.ts";

const maxModels = 4096;
const maxVersions = 1024;

/** The repository's directory without links. Throws BAD_CONFIG, naming it, when there is none. */
export async function repositoryRoot(directory: string): Promise<string> {
  const found = await stat(directory).catch(absent);
  if (found?.isDirectory()) return await realpath(directory);
  throw new KvringError(
    "BAD_CONFIG",
    `the model repository ${directory} ${found === undefined ? "does not exist" : "is not a directory"}: it must be a directory that holds <model>/<version>/model.onnx`,
  );
}

/** Names of models in order, with those that cannot be one. Files beside them are ignored. */
export async function listModels(root: string) {
  const names: string[] = [];
  const rejected: RejectedModel[] = [];
  for (const name of await directoriesIn(root).catch(unreadable)) {
    const reason = nameFault(name) ?? excess(names.length, maxModels, "models");
    if (reason === undefined) names.push(name);
    else rejected.push({ name, version: "", reason });
  }
  return { names, rejected };
}

/** Versions of a model, oldest first, with directories that cannot be one. */
export async function listVersions(root: string, name: string) {
  const versions: string[] = [];
  const rejected: RejectedModel[] = [];
  for (const version of await directoriesIn(join(root, name))) {
    const reason = versionFault(version) ?? excess(versions.length, maxVersions, "versions");
    if (reason === undefined) versions.push(version);
    else rejected.push({ name, version, reason });
  }
  return { versions: versions.sort(compareVersions), rejected };
}

/**
 * Which of the versions are to be served, in order of preference, and whether one of them is
 * enough.
 */
export function chosenVersions(versions: readonly string[], policy: ModelConfig["versions"]) {
  if (policy === "all") return { candidates: versions, one: false };
  if (policy === "latest") return { candidates: versions.toReversed(), one: true };
  return { candidates: [...new Set(policy)].sort(compareVersions), one: false };
}

function unreadable(cause: Error): never {
  throw new KvringError("BAD_CONFIG", `the model repository cannot be read: ${cause.message}`, {
    cause,
  });
}

/** Hidden ones, such as those in which Kubernetes keeps the files of a volume, are no entries. */
async function directoriesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  const names: string[] = [];
  for (const entry of entries) {
    if (!entry.name.startsWith(".") && (await isDirectory(path, entry))) names.push(entry.name);
  }
  return names.sort();
}

async function isDirectory(path: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const target = await stat(join(path, entry.name)).catch(absent);
  return target === undefined || target.isDirectory();
}

function nameFault(name: string): string | undefined {
  try {
    checkModelName(name);
    return undefined;
  } catch (error) {
    return KvringError.from(error).message;
  }
}

function versionFault(version: string): string | undefined {
  if (isModelVersion(version)) return undefined;
  return `"${version}" cannot be a version: a directory of a model is named by a number such as 1`;
}

function excess(count: number, limit: number, what: string): string | undefined {
  return count < limit ? undefined : `at most ${limit} ${what} are served`;
}
