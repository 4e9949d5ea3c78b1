import { once } from "node:events";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { KvringError } from "@kvring/core";
import { framed } from "./grpc-frame.ts";

const windowBytes = 64 * 1024 * 1024;

/**
 * Unary calls over one HTTP/2 connection, without a gRPC library: a generator that shares the
 * machine with what it measures must be cheap.
 */
export class GrpcSession {
  readonly #session: ClientHttp2Session;
  readonly #headers: Record<string, string>;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
    this.#headers = {
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: "/inference.GRPCInferenceService/ModelInfer",
      "content-type": "application/grpc",
      te: "trailers",
    };
  }

  /** `address` is host:port. */
  static async open(address: string): Promise<GrpcSession> {
    const session = connect(`http://${address}`, {
      settings: { initialWindowSize: windowBytes, enablePush: false },
    });
    await once(session, "connect");
    session.setLocalWindowSize(windowBytes);
    return new GrpcSession(session);
  }

  /** Called back once, with how the call ended. */
  call(message: Uint8Array, done: (error: KvringError | undefined) => void): void {
    const stream = this.#session.request(this.#headers);
    let status: unknown;
    let detail: unknown;
    const readStatus = (headers: object): void => {
      const found = headers as Record<string, unknown>;
      status ??= found["grpc-status"];
      detail ??= found["grpc-message"];
    };
    stream.on("response", readStatus);
    stream.on("trailers", readStatus);
    stream.on("error", (error) => {
      detail ??= error.message;
    });
    stream.on("close", () => {
      if (status === "0") done(undefined);
      else done(new KvringError("INTERNAL", `a call ended with ${status}: ${detail}`));
    });
    stream.resume();
    stream.end(framed(message));
  }

  close(): void {
    this.#session.close();
  }
}
