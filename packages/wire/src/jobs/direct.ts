import { malformed, ProtoReader, wireTypeOf, wireTypes } from "../protobuf/reader.ts";
import { ProtoWriter } from "../protobuf/writer.ts";

/**
 * What a worker asks the gateway that holds a direct job: a job that no node knows, because its
 * request bypasses the cache or because no node could be reached. `kvring.v1.DirectRequest`.
 */
export type DirectRequest =
  | { readonly kind: "begin"; readonly token: Uint8Array; readonly offset: number }
  | {
      readonly kind: "answer";
      readonly token: Uint8Array;
      readonly offset: number;
      readonly totalBytes: number;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: "failure";
      readonly token: Uint8Array;
      readonly reason: string;
      readonly message: string;
    };

export interface DirectReply {
  readonly alive: boolean;
  /** The request's bytes from the offset asked; as many as fit. */
  readonly input: Uint8Array;
  readonly remainingMs: number;
}

const { bytes, varint } = wireTypes;
const empty = new Uint8Array(0);

export function encodeDirectRequest(request: DirectRequest): Uint8Array {
  const writer = new ProtoWriter(128 + (request.kind === "answer" ? request.bytes.length : 0));
  writer.bytes(1, request.token);
  switch (request.kind) {
    case "begin": {
      const begin = writer.open(2);
      writer.uint(1, request.offset);
      writer.close(begin);
      break;
    }
    case "answer": {
      const answer = writer.open(3, request.bytes.length);
      writer.uint(1, request.offset);
      writer.uint(2, request.totalBytes);
      writer.bytes(3, request.bytes);
      writer.close(answer);
      break;
    }
    case "failure": {
      const failure = writer.open(4);
      writer.string(1, request.reason);
      writer.string(2, request.message);
      writer.close(failure);
      break;
    }
  }
  return writer.finish();
}

/** Throws MESSAGE_MALFORMED, also for a kind of request this version does not know. */
export function decodeDirectRequest(message: Uint8Array): DirectRequest {
  const reader = new ProtoReader(message);
  let token: Uint8Array = empty;
  let decode: ((token: Uint8Array) => DirectRequest) | undefined;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | bytes)) token = reader.bytes();
    else if (tag === ((2 << 3) | bytes)) decode = readBegin(reader.message());
    else if (tag === ((3 << 3) | bytes)) decode = readAnswer(reader.message());
    else if (tag === ((4 << 3) | bytes)) decode = readFailure(reader.message());
    else reader.skip(wireTypeOf(tag));
  }
  if (decode === undefined) throw malformed("it asks for nothing this version knows");
  return decode(token);
}

function readBegin(reader: ProtoReader): (token: Uint8Array) => DirectRequest {
  const { 1: offset } = readFields(reader);
  return (token) => ({ kind: "begin", token, offset: asNumber(offset) });
}

function readAnswer(reader: ProtoReader): (token: Uint8Array) => DirectRequest {
  const { 1: offset, 2: totalBytes, 3: piece } = readFields(reader);
  return (token) => ({
    kind: "answer",
    token,
    offset: asNumber(offset),
    totalBytes: asNumber(totalBytes),
    bytes: asBytes(piece),
  });
}

function readFailure(reader: ProtoReader): (token: Uint8Array) => DirectRequest {
  const { 1: reason, 2: message } = readFields(reader);
  return (token) => ({
    kind: "failure",
    token,
    reason: Buffer.from(asBytes(reason)).toString("utf8"),
    message: Buffer.from(asBytes(message)).toString("utf8"),
  });
}

export function encodeDirectReply(reply: DirectReply): Uint8Array {
  const writer = new ProtoWriter(32 + reply.input.length);
  writer.bool(1, reply.alive);
  writer.bytes(2, reply.input);
  writer.uint(3, Math.ceil(reply.remainingMs));
  return writer.finish();
}

/** Throws MESSAGE_MALFORMED. */
export function decodeDirectReply(message: Uint8Array): DirectReply {
  const { 1: alive, 2: input, 3: remainingMs } = readFields(new ProtoReader(message));
  return {
    alive: asNumber(alive) !== 0,
    input: asBytes(input),
    remainingMs: asNumber(remainingMs),
  };
}

type Field = number | Uint8Array;

/** These messages are small and cold: numbers and byte strings by field number. */
function readFields(reader: ProtoReader): Record<number, Field> {
  const fields: Record<number, Field> = {};
  while (!reader.done) {
    const tag = reader.tag();
    const wireType = wireTypeOf(tag);
    if (wireType === varint) fields[tag >>> 3] = reader.varint();
    else if (wireType === bytes) fields[tag >>> 3] = reader.bytes();
    else reader.skip(wireType);
  }
  return fields;
}

function asNumber(field: Field | undefined): number {
  return typeof field === "number" ? field : 0;
}

function asBytes(field: Field | undefined): Uint8Array {
  return typeof field === "object" ? field : empty;
}
