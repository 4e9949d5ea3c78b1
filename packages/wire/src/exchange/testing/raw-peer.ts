import {
  Client,
  type ClientDuplexStream,
  credentials,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type StatusObject,
} from "@grpc/grpc-js";
import { bindServer } from "../../grpc/bind.ts";
import { closeFrame, frameHeadBytes } from "../../grpc/message-frame.ts";
import { ProtoWriter } from "../../protobuf/writer.ts";
import {
  decodeFrame,
  encodeChunk,
  encodeCredit,
  encodeHello,
  type Frame,
  type Hello,
  type LaneName,
  protocolVersion,
} from "../frame.ts";
import type { FrameStream } from "../frame-stream.ts";
import { exchangeMethod } from "../method.ts";
import type { Operation } from "../operation.ts";
import { decodeOperation } from "../operation-decoder.ts";
import { encodeOperation } from "../operation-encoder.ts";
import { decodeResult, encodeResult, type Result } from "../result.ts";
import { GrpcServerStream, hastenExchange } from "../server-stream.ts";

const exchangeService = { Exchange: exchangeMethod };

/** The ways of a stream to the node: past grpc-js, and through it where that cannot be. */
export const ways = ["past grpc-js", "through grpc-js"] as const;

/** Serves the Exchange alone, on a free loopback port or the one given. */
export async function serveExchange(
  exchange: (stream: FrameStream) => void,
  {
    port = 0,
    way = "past grpc-js",
  }: { readonly port?: number; readonly way?: (typeof ways)[number] } = {},
): Promise<{ readonly address: string; readonly port: number; stop(): void }> {
  const server = new Server();
  server.addService(exchangeService, {
    Exchange: (call: ServerDuplexStream<Buffer, Buffer>) => exchange(new GrpcServerStream(call)),
  });
  const bound = await bindServer(server, `127.0.0.1:${port}`, ServerCredentials.createInsecure());
  if (way === "past grpc-js" && !hastenExchange(server, exchange)) {
    throw new Error("this grpc-js cannot be passed by");
  }
  return { address: `127.0.0.1:${bound}`, port: bound, stop: () => server.forceShutdown() };
}

export interface Draft<Item> {
  readonly hello?: Hello;
  readonly items?: readonly Item[];
  readonly chunk?: {
    readonly operationId: number;
    readonly offset: number;
    readonly bytes: Uint8Array;
  };
  readonly creditBytes?: number;
}

function requestFrame(draft: Draft<Operation>): Buffer {
  return encode(draft, encodeOperation);
}

export function responseFrame(draft: Draft<Result>): Buffer {
  return encode(draft, encodeResult);
}

/** As a stream takes it. */
export function framed(message: Buffer): Buffer {
  return closeFrame(Buffer.concat([Buffer.alloc(frameHeadBytes), message]));
}

function encode<Item>(
  { hello, items = [], chunk, creditBytes = 0 }: Draft<Item>,
  encodeItem: (writer: ProtoWriter, item: Item) => void,
): Buffer {
  const writer = new ProtoWriter();
  if (hello !== undefined) encodeHello(writer, hello);
  for (const item of items) encodeItem(writer, item);
  if (chunk !== undefined) {
    encodeChunk(writer, chunk.operationId, chunk.offset, chunk.bytes.length).set(chunk.bytes);
  }
  encodeCredit(writer, creditBytes);
  return writer.finish();
}

/** One lane of a client that does exactly what a test says, and returns no credits by itself. */
export class RawLane {
  readonly received: Frame<Result>[] = [];
  receivedBytes = 0;
  readonly ended: Promise<StatusObject>;
  readonly stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #client: Client;
  #changed = Promise.withResolvers<void>();

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    });
    const { path, requestSerialize, responseDeserialize } = exchangeMethod;
    this.stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.ended = new Promise((resolve) => this.stream.on("status", resolve));
    this.stream.on("error", () => {});
    this.stream.on("data", (bytes: Buffer) => {
      const frame = decodeFrame(bytes, decodeResult);
      if (frame.items.length > 0 || frame.chunk !== undefined) this.receivedBytes += bytes.length;
      this.received.push(frame);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
  }

  send(draft: Draft<Operation>): void {
    this.stream.write(requestFrame(draft));
  }

  hello(lane: LaneName, fields: Partial<Hello> = {}): void {
    const hello = { protocolVersion, peerId: "raw", sessionId: "s1", lane, creditBytes: 1e9 };
    this.send({ hello: { ...hello, ...fields } });
  }

  async until(isReached: (lane: RawLane) => boolean): Promise<void> {
    while (!isReached(this)) await this.#changed.promise;
  }

  results(): Result[] {
    return this.received.flatMap((frame) => [...frame.items]);
  }

  close(): void {
    this.stream.cancel();
    this.#client.close();
  }
}

/** Both lanes of a session, greeted by the server. */
export async function rawSession(
  address: string,
  fields: Partial<Hello> = {},
): Promise<{ readonly small: RawLane; readonly bulk: RawLane; close(): void }> {
  const small = new RawLane(address);
  const bulk = new RawLane(address);
  small.hello("small", fields);
  bulk.hello("bulk", fields);
  await Promise.all([
    small.until(({ received }) => received.length > 0),
    bulk.until(({ received }) => received.length > 0),
  ]);
  const close = () => {
    small.close();
    bulk.close();
  };
  return { small, bulk, close };
}

/** A frame that a raw server got. */
export function requestOf(bytes: Uint8Array): Frame<Operation> {
  return decodeFrame(bytes, decodeOperation);
}
