import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { Metadata, status } from "@grpc/grpc-js";
import { type Clock, KvringError } from "@kvring/core";
import { decodeStatus } from "../grpc/errors.ts";
import { mostFrameBytes } from "./frame.ts";
import { type FrameStream, frameMemory, type StreamListener } from "./frame-stream.ts";
import { MessageReader } from "./message-reader.ts";
import { exchangeMethod } from "./method.ts";

export interface ClientStreamOptions {
  /** host:port */
  readonly address: string;
  /** What the node may have on its way to us, in HTTP/2's own account. */
  readonly windowBytes: number;
  readonly clock: Clock;
}

/** A node that stopped, or whose machine is gone, is noticed within 4 s; one that died, at once. */
const pingEveryMs = 1_000;
const pongWithinMs = 3_000;

const requestHeaders = Object.freeze({
  ":method": "POST",
  ":path": exchangeMethod.path,
  "content-type": "application/grpc",
  te: "trailers",
});

type Trailers = Parameters<typeof Metadata.fromHttp2Headers>[0];

/** Never throws, as addresses are what other processes say: a stream to what is none ends at once. */
export function dialStream(options: ClientStreamOptions): FrameStream {
  try {
    return new ClientStream(options);
  } catch (error) {
    const sentence = `"${options.address}" is no address, as in "127.0.0.1:8101"`;
    const lost = new KvringError("LINK_LOST", sentence, { cause: error });
    return { listen: ({ onEnd }) => void setImmediate(onEnd, lost), write() {}, end() {} };
  }
}

/**
 * The Exchange with a node over a connection of its own, without a gRPC client in between: its
 * copies of every message and its streams took most of a look-up's time (docs/adr-0023).
 */
class ClientStream implements FrameStream {
  readonly #clock: Clock;
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  #cancelPing = () => {};
  #isHeard = false;
  #status: Trailers | undefined;
  #why = "the connection was lost";

  constructor({ address, windowBytes, clock }: ClientStreamOptions) {
    this.#clock = clock;
    this.#session = connect(`http://${address}`, {
      settings: { initialWindowSize: windowBytes, enablePush: false },
      // Credits bound what is under way; Node's own account of it would end the session instead.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    this.#session.on("error", (error) => this.#note(error));
    this.#session.once("connect", () => {
      // It is told of after the turn in which it came, and much may have ended by then.
      if (this.#session.destroyed) return;
      this.#session.setLocalWindowSize(windowBytes);
      this.#pingLater();
    });
    this.#stream = this.#session.request(requestHeaders);
    this.#stream.on("error", (error) => this.#note(error));
    this.#stream.once("response", (headers) => this.#receiveHeaders(headers));
    this.#stream.once("trailers", (trailers) => {
      this.#status = trailers;
    });
  }

  listen({ onMessage, onEnd }: StreamListener): void {
    const reader = new MessageReader(mostFrameBytes, frameMemory);
    this.#stream.on("data", (piece: Uint8Array) => {
      this.#isHeard = true;
      try {
        reader.push(piece, onMessage);
      } catch (error) {
        this.#note(error);
        this.end();
        // A bug of who listens is not the node's.
        if (!(error instanceof KvringError)) throw error;
      }
    });
    // The node has said all, and with it how it ended.
    this.#stream.once("end", () => this.end());
    this.#stream.once("close", () => {
      this.end();
      onEnd(this.#outcome());
    });
  }

  write(frame: Buffer, sent: (error?: Error | null) => void): void {
    this.#stream.write(frame, sent);
  }

  end(): void {
    this.#cancelPing();
    this.#session.destroy();
  }

  #receiveHeaders(headers: Trailers & { readonly ":status"?: number | undefined }): void {
    if (headers["grpc-status"] !== undefined) this.#status = headers;
    else if (headers[":status"] !== 200) {
      this.#why = `what listens there answers with HTTP status ${headers[":status"]}`;
      this.end();
    }
  }

  #pingLater(): void {
    this.#cancelPing = this.#clock.after(pingEveryMs, () => {
      if (this.#session.destroyed) return;
      this.#expectLife();
      this.#session.ping((error) => {
        if (error !== null || this.#session.destroyed) return;
        this.#cancelPing();
        this.#pingLater();
      });
    });
  }

  /** The answer to a ping may be behind a large value: whatever comes shows that the node lives. */
  #expectLife(): void {
    this.#isHeard = false;
    this.#cancelPing = this.#clock.after(pongWithinMs, () => {
      if (this.#isHeard) {
        this.#expectLife();
        return;
      }
      this.#why = `no sign of life for ${pongWithinMs} ms`;
      this.end();
    });
  }

  #note(error: unknown): void {
    if (error instanceof Error) this.#why = error.message;
  }

  #outcome(): KvringError | undefined {
    if (this.#status === undefined) return new KvringError("LINK_LOST", this.#why);
    const code = Number(this.#status["grpc-status"]);
    if (code === status.OK) return undefined;
    const details = readable(String(this.#status["grpc-message"] ?? ""));
    return decodeStatus({ code, details, metadata: Metadata.fromHttp2Headers(this.#status) });
  }
}

function readable(encoded: string): string {
  try {
    return decodeURI(encoded);
  } catch {
    return encoded;
  }
}
