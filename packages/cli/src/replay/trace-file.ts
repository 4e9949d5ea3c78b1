import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline, type Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { KvringError } from "@kvring/core";
import { Batch } from "./batch.ts";
import { type FormatName, type TraceFormat, traceFormat } from "./trace-format.ts";

export interface TraceReading {
  /** Bytes of the file. */
  readonly totalBytes: number;
  readonly format: TraceFormat;
  /** Requests in order; a batch is valid until the next one is asked for. */
  readonly batches: AsyncIterable<Batch>;
  /** Of the file's bytes, as they lie on disk. */
  readBytes(): number;
}

/**
 * Reads a trace as a stream, whatever its length; `.gz` and `.zst` are unpacked on the way. Throws
 * BAD_CONFIG where there is no such file, MESSAGE_MALFORMED, with the record, where it is damaged.
 */
export async function readTrace(path: string, name: FormatName): Promise<TraceReading> {
  const format = traceFormat(name);
  const totalBytes = await sizeOf(path);
  const file = createReadStream(path, { highWaterMark: 1024 * 1024 });
  const unpacking = unpackerFor(path);
  // Errors of either come out of the last one, which is iterated.
  const bytes = unpacking === undefined ? file : pipeline(file, unpacking, () => {});
  const batches = batchesOf(bytes as AsyncIterable<Buffer>, format);
  return { totalBytes, format, batches, readBytes: () => file.bytesRead };
}

async function* batchesOf(bytes: AsyncIterable<Buffer>, format: TraceFormat) {
  const batch = new Batch();
  for await (const piece of unpacked(bytes, format)) {
    for (let at = 0; at < piece.length; ) {
      at = format.read(piece, at, batch);
      if (!batch.isFull) continue;
      yield batch;
      batch.length = 0;
    }
  }
  format.end(batch);
  yield batch;
}

async function* unpacked(bytes: AsyncIterable<Buffer>, format: TraceFormat) {
  try {
    yield* bytes;
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    throw new KvringError(
      "MESSAGE_MALFORMED",
      `the trace is damaged: it cannot be read beyond record ${format.records} (${sentence})`,
      { cause: error },
    );
  }
}

function unpackerFor(path: string): Transform | undefined {
  if (path.endsWith(".gz")) return createGunzip();
  if (path.endsWith(".zst")) return createZstdDecompress();
  return undefined;
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
  } catch (error) {
    throw new KvringError("BAD_CONFIG", `there is no trace at ${path}`, { cause: error });
  }
  throw new KvringError("BAD_CONFIG", `${path} is not a file`);
}
