import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Server, ServerDuplexStream } from "@grpc/grpc-js";
import { KvringError } from "@kvring/core";
import { divert } from "../grpc/divert.ts";
import { encodeStatus } from "../grpc/errors.ts";
import { frameHeadBytes } from "../grpc/message-frame.ts";
import { answerHeaders, okTrailers, statusTrailers } from "../grpc/plain-answer.ts";
import { readPlainHeaders } from "../grpc/plain-headers.ts";
import { mostFrameBytes } from "./frame.ts";
import { type FrameStream, frameMemory, type StreamListener } from "./frame-stream.ts";
import { MessageReader } from "./message-reader.ts";
import { exchangeMethod } from "./method.ts";

/** Serves the Exchange of a bound server past grpc-js, and tells whether it could (see `divert`). */
export function hastenExchange(server: Server, accept: (stream: FrameStream) => void): boolean {
  const take = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const plain = readPlainHeaders(headers);
    if (plain === undefined || plain.timeoutMs !== undefined) return false;
    accept(new PlainServerStream(stream));
    return true;
  };
  return divert(server, new Map([[exchangeMethod.path, take]]));
}

/** A call on an HTTP/2 stream that nobody has touched yet. */
class PlainServerStream implements FrameStream {
  readonly #stream: ServerHttp2Stream;
  #trailers = okTrailers;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    // What goes wrong with a stream ends in its closing.
    stream.on("error", () => {});
    stream.once("wantTrailers", () => {
      if (!stream.destroyed && !stream.closed) stream.sendTrailers(this.#trailers);
    });
    // Its peer may have cancelled it in the turn in which it came.
    if (stream.destroyed || stream.closed) return;
    widen(stream);
    stream.respond(answerHeaders, { waitForTrailers: true });
  }

  listen(listener: StreamListener): void {
    const { onMessage, over } = untilOver(listener);
    const reader = new MessageReader(mostFrameBytes, frameMemory);
    this.#stream.on("data", (piece: Uint8Array) => {
      try {
        reader.push(piece, onMessage);
      } catch (error) {
        this.end(KvringError.from(error));
        over();
      }
    });
    this.#stream.once("end", over);
    this.#stream.once("close", over);
  }

  write(frame: Buffer, sent: (error?: Error | null) => void): void {
    this.#stream.write(frame, sent);
  }

  end(error: KvringError | undefined): void {
    const { destroyed, closed, writableEnded } = this.#stream;
    if (destroyed || closed || writableEnded) return;
    if (error !== undefined) {
      const { code, details, metadata } = encodeStatus(error);
      this.#trailers = statusTrailers(code, details, metadata);
    }
    this.#stream.end();
  }
}

/** A stream ends in several ways, often in more than one; its listener hears of the first alone. */
function untilOver({ onMessage, onEnd }: StreamListener) {
  let isOver = false;
  return {
    onMessage(message: Uint8Array): void {
      if (!isOver) onMessage(message);
    },
    over(): void {
      if (isOver) return;
      isOver = true;
      onEnd(undefined);
    },
  };
}

/**
 * What a peer may have on its way to us, in HTTP/2's own account: its default of 64 KiB makes every
 * chunk of a large value wait for the one before to be acknowledged. No more, since the peer's pings
 * wait behind what its socket holds.
 */
const socketWindowBytes = 1024 * 1024;
const widened = new WeakSet<Http2Session>();

function widen({ session }: ServerHttp2Stream): void {
  if (session === undefined || session.destroyed || widened.has(session)) return;
  widened.add(session);
  session.settings({ initialWindowSize: socketWindowBytes });
  session.setLocalWindowSize(socketWindowBytes);
}

/** The same through grpc-js, which copies every message. */
export class GrpcServerStream implements FrameStream {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;

  constructor(call: ServerDuplexStream<Buffer, Buffer>) {
    this.#call = call;
  }

  listen(listener: StreamListener): void {
    const { onMessage, over } = untilOver(listener);
    this.#call.on("data", onMessage);
    this.#call.once("end", over);
    this.#call.once("cancelled", over);
  }

  write(frame: Buffer, sent: (error?: Error | null) => void): void {
    this.#call.write(frame.subarray(frameHeadBytes), sent);
  }

  end(error: KvringError | undefined): void {
    // grpc-js takes an "error" event on the server's side as the status to end with.
    if (error === undefined) this.#call.end();
    else this.#call.emit("error", encodeStatus(error));
  }
}
