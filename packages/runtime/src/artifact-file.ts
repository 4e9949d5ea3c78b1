import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { ModelSignature } from "@kvring/core";
import { hazardsOf } from "./batching/hazards.ts";
import { externalFiles } from "./external-data.ts";
import { checkInside, type FileReading, hashFile, readFile } from "./file-reading.ts";
import { invalidModel, modelFileBytes, parseOnnx } from "./onnx-file.ts";
import { signatureOf } from "./signature.ts";

/** One file of external data. A model may have many. */
const externalBytes = 64 * 1024 ** 3;

/** All bytes a model consists of, in memory, with their digest. */
export interface LoadedArtifact {
  readonly digest: string;
  readonly model: Uint8Array<ArrayBuffer>;
  readonly external: readonly ExternalFile[];
}

/** A file of external data under the path by which the model refers to it. */
interface ExternalFile {
  readonly path: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What a repository needs to know of an artifact. */
export interface ExaminedArtifact {
  readonly digest: string;
  readonly signature: ModelSignature;
  /** See `hazardsOf`. */
  readonly hazards: readonly string[];
  /** Every file it consists of, by path, with its fingerprint when it was read. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Reads a model and its external data once, for the digest and for the session: what runs under a
 * digest is what has it, even when the files are replaced in between.
 *
 * Throws MODEL_INVALID.
 */
export async function loadArtifact(path: string): Promise<LoadedArtifact> {
  const { bytes: model, sha256 } = await readFile(path, modelFileBytes);
  const read: (ExternalFile & FileReading)[] = [];
  for (const [location, neededBytes] of externalFiles(parseOnnx(model).model)) {
    const { bytes: data, ...reading } = await readFile(
      join(dirname(path), location),
      externalBytes,
    );
    checkSize(location, reading.sizeBytes, neededBytes);
    read.push({ ...reading, path: location, data });
  }
  const external = read.map(({ path: location, data }) => ({ path: location, data }));
  return { digest: artifactDigest(sha256, read), model, external };
}

/**
 * Digest and signature of a model, its external data hashed but not held. No file of it may lie
 * outside of `root`, wherever links lead.
 *
 * Throws MODEL_INVALID or MODEL_UNSUPPORTED.
 */
export async function examineArtifact(path: string, root: string): Promise<ExaminedArtifact> {
  await checkInside(path, root);
  const { bytes, sha256, fingerprint } = await readFile(path, modelFileBytes);
  const files = new Map([[path, fingerprint]]);
  const { model, graph } = parseOnnx(bytes);
  const signature = signatureOf(graph);
  const external: { path: string; sha256: string }[] = [];
  for (const [location, neededBytes] of externalFiles(model)) {
    const file = join(dirname(path), location);
    await checkInside(file, root);
    const reading = await hashFile(file, externalBytes);
    checkSize(location, reading.sizeBytes, neededBytes);
    files.set(file, reading.fingerprint);
    external.push({ path: location, sha256: reading.sha256 });
  }
  const hazards = hazardsOf(model);
  return { digest: artifactDigest(sha256, external), signature, hazards, files };
}

/**
 * The digest of a model: the SHA-256 of its file, so that `sha256sum model.onnx` tells it. With
 * external data, the SHA-256 of a list: "kvring/model/1" and a zero byte, the file's SHA-256, and
 * for each external file in order of path the path's bytes behind their number (32-bit
 * little-endian) and the file's SHA-256. No ONNX file starts like that list.
 */
function artifactDigest(
  modelSha256: string,
  external: readonly { readonly path: string; readonly sha256: string }[],
): string {
  if (external.length === 0) return modelSha256;
  const hash = createHash("sha256").update("kvring/model/1\0").update(modelSha256, "hex");
  for (const { path, sha256 } of external.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const name = Buffer.from(path, "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32LE(name.length);
    hash.update(length).update(name).update(sha256, "hex");
  }
  return hash.digest("hex");
}

function checkSize(location: string, sizeBytes: number, neededBytes: number): void {
  if (sizeBytes >= neededBytes) return;
  throw invalidModel(
    `refers to ${neededBytes} bytes of external data in ${location}, which has ${sizeBytes}`,
  );
}
