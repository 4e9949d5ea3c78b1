import type { KvringError } from "@kvring/core";
import { LargeBuffers } from "../memory/large-buffers.ts";
import { frameBytes } from "./frame.ts";

/** One end of a bidirectional gRPC stream, by whatever way it reaches the wire. */
export interface FrameStream {
  /** Before anything is written. Nobody is called from inside a call. */
  listen(listener: StreamListener): void;
  /**
   * Sends a message that lies in its gRPC frame (`grpc/message-frame.ts`). `sent`, without an error:
   * nobody reads that memory any more, and there is room for the next one.
   */
  write(frame: Buffer, sent: (error?: Error | null) => void): void;
  /** A server says why, or that all is well; a client just goes. */
  end(error: KvringError | undefined): void;
}

export interface StreamListener {
  /** The memory is the listener's, who may give it to `frameMemory` when nothing points into it. */
  onMessage(message: Uint8Array): void;
  /** Called once, however it ended; a client is told how. */
  onEnd(error: KvringError | undefined): void;
}

/**
 * Frames of all lanes lie in it, out and in; few are on their way at a time. One that came is given
 * back when it was taken in: what is kept of it is copied, but for announcements, which are read
 * again when their value is there.
 */
export const frameMemory = new LargeBuffers(64 * frameBytes);
