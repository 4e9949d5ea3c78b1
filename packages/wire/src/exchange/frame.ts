import { limits } from "@kvring/core";
import { malformed, ProtoReader } from "../protobuf/reader.ts";
import type { ProtoWriter } from "../protobuf/writer.ts";

/** Peers of different versions do not talk: docs/adr-0005 says what counts as a new one. */
export const protocolVersion = 1;

export type LaneName = "small" | "bulk";

/** A frame is closed at this size, so that credits and memory are handed out in small change. */
export const frameBytes = limits.chunkBytes;
/** No peer's frame is larger: the last item of one is at most an inline value. */
export const mostFrameBytes = 4 * frameBytes;

/** The first message of a stream, both ways. */
export interface Hello {
  readonly protocolVersion: number;
  readonly peerId: string;
  readonly sessionId: string;
  readonly lane: LaneName;
  readonly creditBytes: number;
}

/** A piece of an announced value. `bytes` is a view on the frame. */
export interface Chunk {
  readonly operationId: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * `ExchangeRequest` or `ExchangeResponse`: they differ in what field 2 holds, operations or
 * results. The items of a frame come before its chunk.
 */
export interface Frame<Item> {
  readonly hello: Hello | undefined;
  readonly items: readonly Item[];
  readonly chunk: Chunk | undefined;
  /** Bytes the receiver may send on top of what it was allowed so far. */
  readonly creditBytes: number;
  /** The ring the sender knows; 0: none yet. */
  readonly ringVersion: number;
}

/** The field of a frame that items are written to. */
export const itemField = 2;

/** Throws MESSAGE_MALFORMED. */
export function decodeFrame<Item>(
  bytes: Uint8Array,
  decodeItem: (reader: ProtoReader) => Item,
): Frame<Item> {
  const reader = new ProtoReader(bytes);
  const items: Item[] = [];
  let hello: Hello | undefined;
  let chunk: Chunk | undefined;
  let creditBytes = 0;
  let ringVersion = 0;
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        hello = decodeHello(reader.message());
        break;
      case 0x12:
        items.push(decodeItem(reader.message()));
        break;
      case 0x1a:
        chunk = decodeChunk(reader.message());
        break;
      case 0x20:
        creditBytes = reader.varint();
        break;
      case 0x28:
        ringVersion = reader.varint();
        break;
      default:
        reader.skip(tag & 7);
    }
  }
  return { hello, items, chunk, creditBytes, ringVersion };
}

export function encodeHello(writer: ProtoWriter, hello: Hello): void {
  const mark = writer.open(1, 127);
  writer.uint(1, hello.protocolVersion);
  writer.string(2, hello.peerId);
  writer.string(3, hello.sessionId);
  if (hello.lane === "bulk") writer.uint(4, 1);
  writer.uint(5, hello.creditBytes);
  writer.close(mark);
}

function decodeHello(reader: ProtoReader): Hello {
  let version = 0;
  let peerId = "";
  let sessionId = "";
  let lane: LaneName = "small";
  let creditBytes = 0;
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x08:
        version = reader.varint();
        break;
      case 0x12:
        peerId = reader.string();
        break;
      case 0x1a:
        sessionId = reader.string();
        break;
      case 0x20:
        lane = laneName(reader.varint());
        break;
      case 0x28:
        creditBytes = reader.varint();
        break;
      default:
        reader.skip(tag & 7);
    }
  }
  return { protocolVersion: version, peerId, sessionId, lane, creditBytes };
}

function laneName(lane: number): LaneName {
  if (lane === 0) return "small";
  if (lane === 1) return "bulk";
  throw malformed(`there is no lane ${lane}`);
}

/** Begins a chunk and gives the memory that its bytes are to be copied into. */
export function encodeChunk(
  writer: ProtoWriter,
  operationId: number,
  offset: number,
  length: number,
): Buffer {
  const mark = writer.open(3, length + 20);
  writer.uint(1, operationId);
  if (offset > 0) writer.uint(2, offset);
  writer.reserve(3, length);
  writer.close(mark);
  return writer.last(length);
}

function decodeChunk(reader: ProtoReader): Chunk {
  let operationId = 0;
  let offset = 0;
  let bytes: Uint8Array = new Uint8Array();
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x08:
        operationId = reader.varint();
        break;
      case 0x10:
        offset = reader.varint();
        break;
      case 0x1a:
        bytes = reader.bytes();
        break;
      default:
        reader.skip(tag & 7);
    }
  }
  return { operationId, offset, bytes };
}

export function encodeCredit(writer: ProtoWriter, creditBytes: number): void {
  if (creditBytes > 0) writer.uint(4, creditBytes);
}

export function encodeRingVersion(writer: ProtoWriter, ringVersion: number): void {
  if (ringVersion > 0) writer.uint(5, ringVersion);
}
