import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { KvringError, limits } from "@kvring/core";

/**
 * A snapshot's bytes, little-endian: 8 bytes "KVRSNAP\0", u32 version, u32 0, f64 wall-clock
 * milliseconds at which it was begun; then entries, the coldest first: u32 length, 32 bytes key,
 * header and body as the store has them; then u32 0xffffffff, u64 number of entries, and the
 * SHA-256 of all before it. Stored by entry and not by memory layout, so that any capacity, policy
 * and memory can take it in.
 */
const magic = Buffer.from("KVRSNAP\0", "latin1");
const version = 1;
const headBytes = 24;
const keyBytes = 32;
const entryHeadBytes = 4 + keyBytes;
const endMark = 0xffffffff;
const digestBytes = 32;
const bufferBytes = 1024 * 1024;

/** Writes one snapshot; nothing is valid before `finish`. */
export class SnapshotWriter {
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash("sha256");
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #entries = 0;

  constructor(file: FileHandle, wallMs: number) {
    this.#file = file;
    const head = Buffer.alloc(headBytes);
    magic.copy(head);
    head.writeUInt32LE(version, 8);
    head.writeDoubleLE(wallMs, 16);
    this.#push(head);
  }

  /** `entry` is the writer's own from now on. */
  async add(key: Uint8Array, entry: Uint8Array): Promise<void> {
    const head = Buffer.alloc(entryHeadBytes);
    head.writeUInt32LE(entry.length, 0);
    head.set(key, 4);
    this.#push(head);
    this.#push(entry);
    this.#entries += 1;
    if (this.#pendingBytes >= bufferBytes) await this.#flush();
  }

  async finish(): Promise<void> {
    const end = Buffer.alloc(12);
    end.writeUInt32LE(endMark, 0);
    end.writeBigUInt64LE(BigInt(this.#entries), 4);
    this.#push(end);
    await this.#flush();
    await this.#file.writeFile(this.#hash.digest());
    await this.#file.sync();
  }

  #push(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#hash.update(bytes);
    await this.#file.writeFile(bytes);
  }
}

/**
 * Reads a snapshot; `onEntry` gets views that are valid during the call. What it was given counts
 * only once this has resolved: the digest is the last thing in the file. Throws ENTRY_MALFORMED
 * with what is wrong.
 */
export async function readSnapshot(
  file: FileHandle,
  onHead: (wallMs: number) => void,
  onEntry: (key: Uint8Array, entry: Uint8Array) => void,
): Promise<number> {
  const input = new Input(file);
  const head = await input.take(headBytes);
  if (!head.subarray(0, magic.length).equals(magic)) throw damaged("it is no snapshot");
  const found = head.readUInt32LE(8);
  if (found !== version) throw damaged(`it has version ${found}, and this one reads ${version}`);
  onHead(head.readDoubleLE(16));
  for (let entries = 0; ; entries += 1) {
    const length = (await input.take(4)).readUInt32LE(0);
    if (length === endMark) {
      const count = (await input.take(8)).readBigUInt64LE(0);
      if (count !== BigInt(entries)) throw damaged(`it says ${count} entries and has ${entries}`);
      await input.finish();
      return entries;
    }
    if (length > 2 * limits.messageBytes) throw damaged(`an entry of ${length} bytes`);
    const record = await input.take(keyBytes + length);
    onEntry(record.subarray(0, keyBytes), record.subarray(keyBytes));
  }
}

/** A file read from front to end, hashed on the way. */
class Input {
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash("sha256");
  #buffer = Buffer.alloc(0);

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async take(bytes: number): Promise<Buffer> {
    const taken = await this.#read(bytes);
    this.#hash.update(taken);
    return taken;
  }

  /** What is left is the digest, and nothing else. */
  async finish(): Promise<void> {
    const digest = await this.#read(digestBytes);
    if (!digest.equals(this.#hash.digest())) throw damaged("its digest is that of other bytes");
    await this.#fill(1);
    if (this.#buffer.length > 0) throw damaged("there is more behind its end");
  }

  async #read(bytes: number): Promise<Buffer> {
    await this.#fill(bytes);
    if (this.#buffer.length < bytes) throw damaged("it is cut off");
    const taken = this.#buffer.subarray(0, bytes);
    this.#buffer = this.#buffer.subarray(bytes);
    return taken;
  }

  async #fill(bytes: number): Promise<void> {
    while (this.#buffer.length < bytes) {
      const more = Buffer.allocUnsafe(Math.max(bufferBytes, bytes - this.#buffer.length));
      const { bytesRead } = await this.#file.read(more, 0, more.length, null);
      if (bytesRead === 0) return;
      this.#buffer = Buffer.concat([this.#buffer, more.subarray(0, bytesRead)]);
    }
  }
}

function damaged(why: string): KvringError {
  return new KvringError("ENTRY_MALFORMED", `the snapshot cannot be read: ${why}`);
}
