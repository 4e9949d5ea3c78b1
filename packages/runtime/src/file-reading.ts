import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { sep } from "node:path";
import { KvringError } from "@kvring/core";

const readBytes = 1024 * 1024;

/** A file's content as of one moment. */
export interface FileReading {
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly fingerprint: string;
}

/**
 * What changes whenever a file's content does, as far as the file system knows: device, inode,
 * size and both times. "absent" where there is none.
 */
export async function fingerprintOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(absent);
  if (found === undefined) return "absent";
  return `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
}

/** Hashes a file of at most `maxBytes` in pieces, so that the event loop turns meanwhile. */
export async function hashFile(path: string, maxBytes: number): Promise<FileReading> {
  const piece = Buffer.allocUnsafe(readBytes);
  return await withFile(path, maxBytes, async (file, sizeBytes, hash) => {
    for (let at = 0; at < sizeBytes; ) {
      const { bytesRead } = await file.read(piece, 0, readBytes, at);
      if (bytesRead === 0) throw changing(path);
      hash.update(piece.subarray(0, bytesRead));
      at += bytesRead;
    }
  });
}

/** As `hashFile`, keeping the bytes. */
export async function readFile(
  path: string,
  maxBytes: number,
): Promise<FileReading & { readonly bytes: Uint8Array<ArrayBuffer> }> {
  let bytes = new Uint8Array(0);
  const reading = await withFile(path, maxBytes, async (file, sizeBytes, hash) => {
    bytes = new Uint8Array(sizeBytes);
    for (let at = 0; at < sizeBytes; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(readBytes, sizeBytes - at), at);
      if (bytesRead === 0) throw changing(path);
      hash.update(bytes.subarray(at, at + bytesRead));
      at += bytesRead;
    }
  });
  return { ...reading, bytes };
}

async function withFile(
  path: string,
  maxBytes: number,
  read: (file: FileHandle, sizeBytes: number, hash: Hash) => Promise<void>,
): Promise<FileReading> {
  const before = await fingerprintOf(path);
  const found = await stat(path).catch(absent);
  if (found === undefined) throw missing(path);
  // A pipe would block the opening, and a device might never end.
  if (!found.isFile()) throw new KvringError("MODEL_INVALID", `${path} is not a regular file`);
  if (found.size > maxBytes) throw tooLarge(path, found.size, maxBytes);
  const file = await open(path);
  try {
    const hash = createHash("sha256");
    await read(file, found.size, hash);
    const fingerprint = await fingerprintOf(path);
    if (fingerprint !== before) throw changing(path);
    return { sha256: hash.digest("hex"), sizeBytes: found.size, fingerprint };
  } finally {
    await file.close();
  }
}

/** Throws MODEL_INVALID unless the file is there and lies below `root`, itself without links. */
export async function checkInside(path: string, root: string): Promise<void> {
  const real = await realpath(path).catch(absent);
  if (real === undefined) throw missing(path);
  if (real.startsWith(root.endsWith(sep) ? root : root + sep)) return;
  throw new KvringError("MODEL_INVALID", `${path} leads out of the repository, to ${real}`);
}

/** For `catch`: a file that isn't there is undefined, anything else is thrown on. */
export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
}

function missing(path: string): KvringError {
  return new KvringError("MODEL_INVALID", `${path} does not exist`);
}

function changing(path: string): KvringError {
  return new KvringError("MODEL_INVALID", `${path} is being written: it changed while it was read`);
}

function tooLarge(path: string, sizeBytes: number, maxBytes: number): KvringError {
  return new KvringError(
    "MODEL_INVALID",
    `${path} has ${sizeBytes} bytes, at most ${maxBytes} can be: keep weights in files of external data`,
  );
}
