import { KvringError } from "@kvring/core";
import { frameHeadBytes, messageIn } from "../grpc/message-frame.ts";
import { joined } from "../memory/joined.ts";
import type { Memory } from "../memory/large-buffers.ts";
import { malformed } from "../protobuf/reader.ts";

/**
 * Messages out of the pieces that a gRPC stream comes in.
 *
 * One that lies in one piece, as small ones do, is a view on it; others are put together in memory
 * that may be given back. Nothing is allocated on the word of a length: pieces are kept as they come.
 */
export class MessageReader {
  readonly #mostBytes: number;
  readonly #memory: Memory;
  /** Of the frame that is not whole yet. */
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** Of its head and message, or of its head as long as that is not whole either. */
  #needed = frameHeadBytes;

  constructor(mostBytes: number, memory: Memory) {
    this.#mostBytes = mostBytes;
    this.#memory = memory;
  }

  /** Throws when a message is compressed or too large; what comes behind it makes no sense then. */
  push(piece: Uint8Array, onMessage: (message: Uint8Array) => void): void {
    let rest = piece;
    while (rest.length > 0) {
      const part = rest.subarray(0, this.#bytes === 0 ? this.#first(rest) : this.#missing());
      rest = rest.subarray(part.length);
      this.#pieces.push(part);
      this.#bytes += part.length;
      if (this.#bytes < this.#needed) return;
      const frame = this.#joined();
      if (this.#needed === frameHeadBytes) this.#needed = this.#frameBytes(frame);
      if (this.#bytes < this.#needed) {
        // The head alone, which came in pieces.
        this.#pieces = [frame];
        continue;
      }
      this.#pieces = [];
      this.#bytes = 0;
      this.#needed = frameHeadBytes;
      onMessage(messageIn(frame));
    }
  }

  /** How much of what begins with a frame belongs to it. */
  #first(bytes: Uint8Array): number {
    if (bytes.length >= frameHeadBytes) this.#needed = this.#frameBytes(bytes);
    return this.#needed;
  }

  #missing(): number {
    return this.#needed - this.#bytes;
  }

  #frameBytes(head: Uint8Array): number {
    if (head[0] !== 0) throw malformed("a message is compressed, and no compression was agreed on");
    const [, a = 0, b = 0, c = 0, d = 0] = head;
    const messageBytes = a * 2 ** 24 + ((b << 16) | (c << 8) | d);
    if (messageBytes > this.#mostBytes) {
      throw new KvringError(
        "MESSAGE_TOO_LARGE",
        `a peer announced a message of ${messageBytes} bytes, at most ${this.#mostBytes} are taken`,
      );
    }
    return frameHeadBytes + messageBytes;
  }

  #joined(): Uint8Array {
    return joined(this.#pieces, this.#bytes, this.#memory);
  }
}
