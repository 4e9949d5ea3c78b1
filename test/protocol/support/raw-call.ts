/** gRPC without a gRPC library: what a server does by itself, and what it does to a bad peer. */
import { once } from "node:events";
import { connect } from "node:http2";
import { reasonIn } from "./refusal.ts";

export interface RawReply {
  /** The number of the gRPC status; undefined when the stream ended without one. */
  readonly status: number | undefined;
  readonly reason: string;
  readonly message: string;
}

/** Sends `body` as it is (see `frame`) to a method, and reads the trailers that come back. */
export async function rawCall(
  address: string,
  path: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawReply> {
  const session = connect(`http://${address}`);
  const broken = once(session, "error").then(([error]) => Promise.reject(error));
  broken.catch(() => undefined);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    let ended: Readonly<Record<string, unknown>> = {};
    // A refusal without a message comes in the headers alone.
    stream.on("response", (received) => {
      if (received["grpc-status"] !== undefined) ended = received;
    });
    stream.on("trailers", (received) => {
      ended = received;
    });
    stream.on("error", () => undefined);
    stream.resume();
    stream.end(body);
    await Promise.race([once(stream, "close"), broken]);
    return replyIn(ended);
  } finally {
    session.destroy();
  }
}

function replyIn(trailers: Readonly<Record<string, unknown>>): RawReply {
  const code = trailers["grpc-status"];
  if (code === undefined) return { status: undefined, reason: "", message: "" };
  const status = Number(code);
  const message = decodeURIComponent(String(trailers["grpc-message"] ?? ""));
  const details = trailers["grpc-status-details-bin"];
  const reason =
    details === undefined ? "" : reasonIn(Buffer.from(String(details), "base64"), status, message);
  return { status, reason, message };
}

/** A message with gRPC's five bytes before it. */
export function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}
