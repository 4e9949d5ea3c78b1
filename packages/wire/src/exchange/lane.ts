import { KvringError } from "@kvring/core";
import { closeFrame, frameHeadBytes } from "../grpc/message-frame.ts";
import { ProtoWriter } from "../protobuf/writer.ts";
import {
  encodeCredit,
  encodeHello,
  encodeRingVersion,
  type Frame,
  frameBytes,
  type Hello,
} from "./frame.ts";
import { type FrameStream, frameMemory } from "./frame-stream.ts";
import { type Transfer, Transfers } from "./transfers.ts";

export interface LaneOptions<Item> {
  readonly stream: Pick<FrameStream, "write">;
  encodeItem(writer: ProtoWriter, item: Item): void;
  /** Bytes the peer may have sent that we did not take in yet. */
  readonly windowBytes: number;
  /** Frames that may be on their way into the stream. */
  readonly maxWrites: number;
  /** The ring we know, 0: none. */
  ringVersion(): number;
}

/** A frame begins with room for gRPC's head, which counts for nothing here. */
const head = Buffer.alloc(frameHeadBytes);

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
  /** Whether the turn's end was asked for. */
  #isTurn = false;
  /** How often something was to be sent in this turn of the event loop. */
  #wishes = 0;
  /** The turn before had one wish at most. */
  #isQuiet = true;
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
    return this.#fullBytes + messageBytes(this.#open);
  }

  /** Kept for sending in chunks. */
  get transferBytes(): number {
    return this.#transfers.bytes;
  }

  get transfers(): number {
    return this.#transfers.size;
  }

  greet(hello: Hello): void {
    const frame = writer();
    encodeHello(frame, hello);
    this.#write(frame);
  }

  /** Encodes at once: views in `item` need to live no longer than this call. */
  push(item: Item): void {
    if (this.#closed) return;
    this.#options.encodeItem(this.#open, item);
    if (messageBytes(this.#open) >= frameBytes) this.#closeFrame();
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
    if (this.#writes === 0) this.#write(writer(16));
  }

  /** Sends what can be sent now. */
  flush(): void {
    this.#flush();
  }

  close(): void {
    this.#closed = true;
    this.#full.length = 0;
    this.#fullBytes = 0;
    this.#open = writer(0);
    this.#transfers.close();
  }

  /**
   * At the end of the turn, with all that is said until then. Where the turn before said one thing at
   * most, the first leaves when its callback ends: it would likely wait for nothing.
   */
  #schedule(): void {
    if (this.#closed) return;
    this.#wishes += 1;
    if (this.#isQuiet && this.#wishes === 1) process.nextTick(() => this.#flush());
    if (this.#isTurn) return;
    this.#isTurn = true;
    setImmediate(() => {
      this.#isTurn = false;
      this.#isQuiet = this.#wishes <= 1;
      this.#wishes = 0;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#closed) return;
    if (messageBytes(this.#open) > 0) this.#closeFrame();
    while (this.#writes < this.#options.maxWrites && (this.#sendFrame() || this.#sendChunk()));
    if (this.#writes < this.#options.maxWrites && this.#owesCredit()) {
      this.#write(writer(16));
    }
  }

  #sendFrame(): boolean {
    const frame = this.#full[0];
    if (frame === undefined || !this.#affords(messageBytes(frame))) return false;
    this.#full.shift();
    this.#fullBytes -= messageBytes(frame);
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
    const bytes = messageBytes(this.#open);
    this.#fullBytes += bytes;
    this.#full.push(this.#open);
    // The next turn is likely to say about as much.
    this.#open = writer(Math.min(bytes, 16 * 1024));
  }

  #write(writer: ProtoWriter): number {
    encodeCredit(writer, this.#returnableBytes);
    this.#returnableBytes = 0;
    encodeRingVersion(writer, this.#options.ringVersion());
    const frame = closeFrame(writer.finish());
    this.#writes += 1;
    this.#options.stream.write(frame, (error) => {
      this.#writes -= 1;
      // After an error, or an end, nobody can tell who still has it: what was cancelled with its stream
      // may lie in a write that the socket has begun.
      if (!this.#closed && (error === undefined || error === null)) frameMemory.give(frame);
      this.#flush();
    });
    return frame.length - frameHeadBytes;
  }
}

/** Its first bytes are gRPC's. */
function writer(aboutBytes = 256): ProtoWriter {
  const frame = new ProtoWriter(frameHeadBytes + aboutBytes, frameMemory);
  frame.raw(head);
  return frame;
}

function messageBytes(frame: ProtoWriter): number {
  return frame.byteLength - frameHeadBytes;
}
