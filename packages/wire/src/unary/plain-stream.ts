import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { type Metadata, type sendUnaryData, status } from "@grpc/grpc-js";
import { frameHeadBytes } from "../grpc/message-frame.ts";
import { answerHeaders, okTrailers, statusAlone } from "../grpc/plain-answer.ts";
import type { PlainHeaders } from "../grpc/plain-headers.ts";
import type { LargeBuffers } from "../memory/large-buffers.ts";
import { PlainCall, type UnaryHandler } from "./call.ts";
import { type FrameState, RequestFrame } from "./request-frame.ts";

export interface PlainOptions {
  readonly handler: UnaryHandler;
  /** Of a message, in either direction. */
  readonly mostBytes: number;
  /** Large requests lie in it; large answers of it are given back once they are sent. */
  readonly memory: LargeBuffers;
}

const answerOptions = Object.freeze({ waitForTrailers: true });

/** One unary call, without compression, on a stream that nobody has touched yet. */
export class PlainStream {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #options: PlainOptions;
  readonly #timeoutMs: number | undefined;
  readonly #deadlineMs: number;
  readonly #frame: RequestFrame;
  #call: PlainCall | undefined;
  #uploadTimer: NodeJS.Timeout | undefined;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    { timeoutMs }: PlainHeaders,
    options: PlainOptions,
  ) {
    this.#stream = stream;
    this.#headers = headers;
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    this.#deadlineMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeoutMs;
    this.#frame = new RequestFrame(options.mostBytes, options.memory);
    // What goes wrong with a stream ends in its closing, and there is nobody to tell.
    stream.on("error", () => {});
    stream.on("data", (piece: Uint8Array) => this.#look(this.#frame.push(piece)));
    stream.on("end", () => this.#look(this.#frame.end()));
    stream.on("close", () => {
      clearTimeout(this.#uploadTimer);
      this.#call?.end();
    });
  }

  #look(state: FrameState): void {
    // Refused already: what still comes is read and dropped.
    if (this.#stream.headersSent) return;
    switch (state.kind) {
      case "open":
        this.#watchUpload();
        break;
      case "whole":
        clearTimeout(this.#uploadTimer);
        this.#ask(state.message);
        break;
      case "cut off":
        this.#fail(status.UNIMPLEMENTED, "Received no request message, or one that is cut off");
        break;
      case "refused":
        this.#refuse(state.why);
        break;
    }
  }

  /** A handler minds its calls' deadlines; this is for who never finishes asking. */
  #watchUpload(): void {
    if (this.#timeoutMs === undefined || this.#uploadTimer !== undefined) return;
    this.#uploadTimer = setTimeout(
      () => this.#fail(status.DEADLINE_EXCEEDED, "Deadline exceeded"),
      this.#timeoutMs,
    );
    this.#uploadTimer.unref();
  }

  #refuse(why: "too large" | "compressed" | "second message"): void {
    switch (why) {
      case "too large": {
        const sizes = `${this.#frame.announcedBytes} vs ${this.#options.mostBytes}`;
        this.#fail(status.RESOURCE_EXHAUSTED, `Received message larger than max (${sizes})`);
        break;
      }
      case "compressed":
        this.#fail(status.INTERNAL, "Received a compressed message, and no grpc-encoding");
        break;
      case "second message":
        this.#fail(status.UNIMPLEMENTED, "Received a second request message for a unary method");
        break;
    }
  }

  #ask(message: Uint8Array): void {
    const call = new PlainCall(message, this.#headers, this.#deadlineMs);
    this.#call = call;
    try {
      this.#options.handler(call, this.#respond);
    } catch {
      this.#fail(status.UNKNOWN, "Unknown error");
    }
  }

  readonly #respond: sendUnaryData<Uint8Array> = (error, frame) => {
    if (error !== null) {
      const { code = status.UNKNOWN, details = "Unknown Error", metadata } = error;
      this.#fail(code, details, metadata);
    } else if (frame === null || frame === undefined) {
      this.#fail(status.INTERNAL, "Error serializing response");
    } else if (frame.length - frameHeadBytes > this.#options.mostBytes) {
      const sizes = `${frame.length - frameHeadBytes} vs. ${this.#options.mostBytes}`;
      this.#fail(status.RESOURCE_EXHAUSTED, `Sent message larger than max (${sizes})`);
    } else {
      this.#send(frame);
    }
  };

  #send(frame: Uint8Array): void {
    const stream = this.#stream;
    if (this.#isOver()) return;
    stream.respond(answerHeaders, answerOptions);
    stream.once("wantTrailers", () => {
      if (!stream.destroyed && !stream.closed) stream.sendTrailers(okTrailers);
    });
    // Without an error all of it has left this process; otherwise a socket may still read it.
    stream.end(frame, (error?: Error | null) => {
      if (error === undefined || error === null) this.#options.memory.give(frame);
    });
  }

  #fail(code: status, details: string, metadata?: Metadata | null): void {
    if (this.#isOver()) return;
    this.#stream.respond(statusAlone(code, details, metadata), { endStream: true });
    this.#stream.resume();
  }

  /** Answered, or its client has gone. */
  #isOver(): boolean {
    const { headersSent, destroyed, closed } = this.#stream;
    return headersSent || destroyed || closed;
  }
}
