import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";

/** What came back, as it was on the wire. */
export interface Reply {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  readonly resetCode: number;
}

/** Calls on one HTTP/2 connection, with any headers and any bytes. */
export class Http2Caller {
  readonly session: ClientHttp2Session;

  constructor(port: number) {
    this.session = connect(`http://127.0.0.1:${port}`);
    this.session.on("error", () => {});
  }

  /** A call that has sent its headers. */
  open(path: string, headers: Record<string, string> = {}): ClientHttp2Stream {
    return this.session.request({
      ...{ ":method": "POST", ":path": path, te: "trailers" },
      ...{ "content-type": "application/grpc", ...headers },
    });
  }

  /** Sends pieces one after another, and gives what came back. */
  async call(
    path: string,
    pieces: readonly Uint8Array[],
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const stream = this.open(path, headers);
    const reply = replyOf(stream);
    for (const piece of pieces) stream.write(piece);
    stream.end();
    return reply;
  }

  close(): void {
    this.session.close();
  }
}

export async function replyOf(stream: ClientHttp2Stream): Promise<Reply> {
  const parts: Buffer[] = [];
  let headers: Record<string, unknown> = {};
  let trailers: Record<string, unknown> = {};
  stream.on("response", (received) => {
    headers = { ...received };
  });
  stream.on("trailers", (received) => {
    trailers = { ...received };
  });
  stream.on("data", (part: Buffer) => parts.push(part));
  stream.on("error", () => {});
  await new Promise((resolve) => stream.on("close", resolve));
  return { headers, trailers, body: Buffer.concat(parts), resetCode: stream.rstCode ?? 0 };
}

export function framed(message: Uint8Array, flag = 0): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame[0] = flag;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}
