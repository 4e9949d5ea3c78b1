import { KvringError, limits } from "@kvring/core";

/** A message's tensors, and a megabyte for what describes them. */
export const frameBytes = limits.messageBytes + 1024 * 1024;

const prefixBytes = 12;
const maxParts = 65_536;

/** A description and the bytes it describes. */
export interface Frame {
  readonly header: unknown;
  readonly parts: readonly Uint8Array[];
}

/**
 * A frame as pieces to be written one after another; the parts are not copied. Layout,
 * little-endian: u32 bytes of the whole frame, u32 bytes of the header, u32 number of parts, u32
 * bytes of each part, the header as JSON, and each part, starting at a multiple of eight so that a
 * 64-bit array can be laid over it where it arrives.
 *
 * Throws MESSAGE_TOO_LARGE.
 */
export function encodeFrame(header: object, parts: readonly Uint8Array[]): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(header), "utf8");
  const tableBytes = prefixBytes + 4 * parts.length;
  const head = Buffer.alloc(aligned(tableBytes + json.length));
  head.writeUInt32LE(json.length, 4);
  head.writeUInt32LE(parts.length, 8);
  json.copy(head, tableBytes);
  const pieces: Uint8Array[] = [head];
  let length = head.length;
  parts.forEach((part, index) => {
    head.writeUInt32LE(part.byteLength, prefixBytes + 4 * index);
    const gap = aligned(part.byteLength) - part.byteLength;
    pieces.push(part);
    if (gap > 0) pieces.push(zeros.subarray(0, gap));
    length += part.byteLength + gap;
  });
  if (length > frameBytes || parts.length > maxParts) {
    throw new KvringError(
      "MESSAGE_TOO_LARGE",
      `the tensors take ${length} bytes, at most ${frameBytes} can be given to a model or taken from it`,
    );
  }
  head.writeUInt32LE(length, 0);
  return pieces;
}

/**
 * Puts frames together from a stream. Each gets memory of its own: what is kept of one does not
 * keep anything else alive. `push` throws MESSAGE_MALFORMED before it allocates for a length that
 * no peer of ours sends; the stream is of no use after that.
 */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #prefix = Buffer.alloc(4);
  #prefixHas = 0;
  #frame: Buffer<ArrayBuffer> | undefined;
  #frameHas = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.byteLength) {
      at += this.#frame === undefined ? this.#takePrefix(chunk, at) : this.#take(chunk, at);
      if (this.#frame !== undefined && this.#frameHas === this.#frame.length) this.#finish();
    }
  }

  #takePrefix(chunk: Uint8Array, at: number): number {
    const taken = chunk.subarray(at, at + 4 - this.#prefixHas);
    this.#prefix.set(taken, this.#prefixHas);
    this.#prefixHas += taken.byteLength;
    if (this.#prefixHas < 4) return taken.byteLength;
    const length = this.#prefix.readUInt32LE(0);
    if (length < prefixBytes || length > frameBytes) throw malformed(`a length of ${length}`);
    this.#frame = Buffer.allocUnsafeSlow(length);
    this.#frame.set(this.#prefix);
    this.#frameHas = 4;
    this.#prefixHas = 0;
    return taken.byteLength;
  }

  #take(chunk: Uint8Array, at: number): number {
    if (this.#frame === undefined) return 0;
    const taken = chunk.subarray(at, at + this.#frame.length - this.#frameHas);
    this.#frame.set(taken, this.#frameHas);
    this.#frameHas += taken.byteLength;
    return taken.byteLength;
  }

  #finish(): void {
    const frame = this.#frame;
    this.#frame = undefined;
    if (frame !== undefined) this.#onFrame(decode(frame));
  }
}

function decode(frame: Buffer<ArrayBuffer>): Frame {
  const headerBytes = frame.readUInt32LE(4);
  const count = frame.readUInt32LE(8);
  const tableBytes = prefixBytes + 4 * count;
  let at = aligned(tableBytes + headerBytes);
  if (count > maxParts || at > frame.length) throw malformed("a header longer than itself");
  const header: unknown = JSON.parse(frame.toString("utf8", tableBytes, tableBytes + headerBytes));
  const parts: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const length = frame.readUInt32LE(prefixBytes + 4 * index);
    if (at + length > frame.length) throw malformed("a part that is cut off");
    parts.push(new Uint8Array(frame.buffer, at, length));
    at = aligned(at + length);
  }
  return { header, parts };
}

const zeros = Buffer.alloc(8);

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function malformed(what: string): KvringError {
  return new KvringError("MESSAGE_MALFORMED", `a frame of a model's process has ${what}`);
}
