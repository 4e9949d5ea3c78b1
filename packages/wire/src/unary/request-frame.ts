import { frameHeadBytes, messageIn } from "../grpc/message-frame.ts";
import { joined } from "../memory/joined.ts";
import type { LargeBuffers } from "../memory/large-buffers.ts";

/** What a unary request has come to; it ends in one of these, and stays there. */
export type FrameState =
  | { readonly kind: "open" }
  | { readonly kind: "whole"; readonly message: Uint8Array }
  | { readonly kind: "refused"; readonly why: "too large" | "compressed" | "second message" }
  | { readonly kind: "cut off" };

const open: FrameState = Object.freeze({ kind: "open" });

/**
 * The single message of a unary call, out of the pieces that its frame comes in.
 *
 * Pieces are kept as they come; nothing is allocated on the word of a length. A message that came in
 * one piece, as small ones do, is a view on that piece; others are put together in memory that may
 * be given back.
 */
export class RequestFrame {
  readonly #mostBytes: number;
  readonly #memory: LargeBuffers;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** Of head and message; known when the head is there. */
  #needed = frameHeadBytes;
  #state: FrameState = open;

  constructor(mostBytes: number, memory: LargeBuffers) {
    this.#mostBytes = mostBytes;
    this.#memory = memory;
  }

  /** The announced length of the message; 0 until its head is there. */
  get announcedBytes(): number {
    return this.#needed - frameHeadBytes;
  }

  push(piece: Uint8Array): FrameState {
    if (this.#state.kind !== "open" || piece.length === 0) return this.#state;
    const hadHead = this.#bytes >= frameHeadBytes;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes < frameHeadBytes) return this.#state;
    if (!hadHead) this.#readHead();
    if (this.#state.kind === "open" && this.#bytes > this.#needed) {
      this.#refuse("second message");
    }
    return this.#state;
  }

  /** The client sends no more. */
  end(): FrameState {
    if (this.#state.kind !== "open") return this.#state;
    const isWhole = this.#bytes >= frameHeadBytes && this.#bytes === this.#needed;
    this.#state = isWhole
      ? { kind: "whole", message: messageIn(this.#joined()) }
      : { kind: "cut off" };
    this.#pieces = [];
    return this.#state;
  }

  #readHead(): void {
    const head = this.#joined();
    // Where it came in pieces, they are few and small: what is joined is kept.
    this.#pieces = [head];
    this.#needed =
      frameHeadBytes + Buffer.from(head.buffer, head.byteOffset, frameHeadBytes).readUInt32BE(1);
    if (head[0] !== 0) this.#refuse("compressed");
    else if (this.announcedBytes > this.#mostBytes) this.#refuse("too large");
  }

  #refuse(why: "too large" | "compressed" | "second message"): void {
    this.#state = { kind: "refused", why };
    this.#pieces = [];
  }

  #joined(): Uint8Array {
    return joined(this.#pieces, this.#bytes, this.#memory);
  }
}
