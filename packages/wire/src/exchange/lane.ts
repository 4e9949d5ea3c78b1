import { KvringError, limits } from "@kvring/core";
import { LargeBuffers } from "../memory/large-buffers.ts";
import { ProtoWriter } from "../protobuf/writer.ts";
import { encodeCredit, encodeHello, encodeRingVersion, type Frame, type Hello } from "./frame.ts";
import { type Transfer, Transfers } from "./transfers.ts";

export interface LaneOptions<Item> {
  /**
   * Hands a frame to the stream, which copies it; `sent` is called when that is done and the stream
   * has room for the next one.
   */
  write(frame: Buffer, sent: (error?: Error | null) => void): void;
  encodeItem(writer: ProtoWriter, item: Item): void;
  /** Bytes the peer may have sent that we did not take in yet. */
  readonly windowBytes: number;
  /** Frames that may be on their way into the stream. */
  readonly maxWrites: number;
  /** The ring we know, 0: none. */
  ringVersion(): number;
}

/** A frame is closed at this size, so that credits and memory are handed out in small change. */
const frameBytes = limits.chunkBytes;
/** Frames of all lanes lie in it until they are sent; few are on their way at a time. */
const memory = new LargeBuffers(64 * frameBytes);

/**
 * One end of a stream: what is said in one event-loop turn leaves in one frame, and never more
 * bytes than the peer allowed.
 *
 * A frame with items or a chunk costs the sender as many credits as it has bytes. One with neither
 * is free, or the credits it carries could not be sent for want of credits.
 */
export class Lane<Item> {
  readonly #options: LaneOptions<Item>;
  readonly #transfers: Transfers<Item>;
  #open = writer();
  readonly #full: ProtoWriter[] = [];
  #fullBytes = 0;
  #writes = 0;
  #scheduled = false;
  #closed = false;
  /** What we may still send. */
  #creditBytes = 0;
  /** Taken in, and not yet given back. */
  #returnableBytes = 0;

  constructor(options: LaneOptions<Item>) {
    this.#options = options;
    this.#transfers = new Transfers(options.encodeItem);
  }

  /** Encoded, and waiting for the peer to read. */
  get queuedBytes(): number {
    return this.#fullBytes + this.#open.byteLength;
  }

  /** Kept for sending in chunks. */
  get transferBytes(): number {
    return this.#transfers.bytes;
  }

  get transfers(): number {
    return this.#transfers.size;
  }

  greet(hello: Hello): void {
    const writer = new ProtoWriter();
    encodeHello(writer, hello);
    this.#write(writer);
  }

  /** Encodes at once: views in `item` need to live no longer than this call. */
  push(item: Item): void {
    if (this.#closed) return;
    this.#options.encodeItem(this.#open, item);
    if (this.#open.byteLength >= frameBytes) this.#closeFrame();
    this.#schedule();
  }

  transfer(transfer: Transfer<Item>): void {
    if (this.#closed) {
      transfer.release?.();
      return;
    }
    this.#transfers.add(transfer);
    this.#schedule();
  }

  dropTransfer(operationId: number): void {
    this.#transfers.drop(operationId);
  }

  /** Accounts for a frame that was taken in. Throws when the peer sent more than it was allowed. */
  received(frame: Frame<unknown>, byteLength: number): void {
    this.#creditBytes += frame.creditBytes;
    if (frame.items.length === 0 && frame.chunk === undefined) {
      if (frame.creditBytes > 0) this.#schedule();
      return;
    }
    this.#returnableBytes += byteLength;
    if (this.#returnableBytes > this.#options.windowBytes) {
      throw new KvringError(
        "QUEUE_FULL",
        `a peer sent ${this.#returnableBytes} bytes on a credit of ${this.#options.windowBytes}`,
      );
    }
    if (frame.creditBytes > 0 || this.#owesCredit()) this.#schedule();
  }

  /** The peer's first message told how much it takes. */
  credit(bytes: number): void {
    this.#creditBytes += bytes;
    this.#schedule();
  }

  /** A sign of life, and of the ring we know: a free frame, unless others are on their way. */
  beat(): void {
    if (this.#closed || this.#writes > 0) return;
    this.#flush();
    if (this.#writes === 0) this.#write(new ProtoWriter(16));
  }

  /** Sends what can be sent now instead of at the end of the turn. */
  flush(): void {
    this.#flush();
  }

  close(): void {
    this.#closed = true;
    this.#full.length = 0;
    this.#fullBytes = 0;
    this.#open = new ProtoWriter(0);
    this.#transfers.close();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#closed) return;
    if (this.#open.byteLength > 0) this.#closeFrame();
    while (this.#writes < this.#options.maxWrites && (this.#sendFrame() || this.#sendChunk()));
    if (this.#writes < this.#options.maxWrites && this.#owesCredit()) {
      this.#write(new ProtoWriter(16));
    }
  }

  #sendFrame(): boolean {
    const frame = this.#full[0];
    if (frame === undefined || !this.#affords(frame.byteLength)) return false;
    this.#full.shift();
    this.#fullBytes -= frame.byteLength;
    this.#creditBytes -= this.#write(frame);
    return true;
  }

  #sendChunk(): boolean {
    const needed = this.#transfers.nextFrameBytes();
    if (needed === 0 || !this.#affords(needed)) return false;
    const frame = writer(needed);
    this.#transfers.writeNext(frame);
    this.#creditBytes -= this.#write(frame);
    return true;
  }

  /** Credits and ring version are written last and take up to 20 bytes. */
  #affords(byteLength: number): boolean {
    return byteLength + 20 <= this.#creditBytes;
  }

  /** Below a quarter of the window it can wait for a frame that goes anyway. */
  #owesCredit(): boolean {
    return this.#returnableBytes >= this.#options.windowBytes / 4;
  }

  #closeFrame(): void {
    const { byteLength } = this.#open;
    this.#fullBytes += byteLength;
    this.#full.push(this.#open);
    // The next turn is likely to say about as much.
    this.#open = writer(Math.min(byteLength, 16 * 1024));
  }

  #write(writer: ProtoWriter): number {
    encodeCredit(writer, this.#returnableBytes);
    this.#returnableBytes = 0;
    encodeRingVersion(writer, this.#options.ringVersion());
    const frame = writer.finish();
    this.#writes += 1;
    this.#options.write(frame, (error) => {
      this.#writes -= 1;
      // After an error nobody can tell who still has it.
      if (error === undefined || error === null) memory.give(frame);
      this.#flush();
    });
    return frame.length;
  }
}

function writer(bytes?: number): ProtoWriter {
  return new ProtoWriter(bytes, memory);
}
