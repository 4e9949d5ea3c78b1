import { stampAge } from "@kvring/core";
import { fieldOf, malformed, type ProtoReader, wireTypeOf } from "../protobuf/reader.ts";
import type { ProtoWriter } from "../protobuf/writer.ts";
import { itemField } from "./frame.ts";

/** What a node answers. Bytes are views on the frame they came in. */
export type Result =
  | FoundResult
  | BegunResult
  | ErrorResult
  | { readonly kind: "missing" | "waiting"; readonly id: number }
  | GrantedResult
  | { readonly kind: "done"; readonly id: number; readonly accepted: boolean }
  /** Something a later version answers. */
  | { readonly kind: "unknown"; readonly id: number; readonly field: number };

interface GrantedResult {
  readonly kind: "granted";
  readonly id: number;
  readonly token: Uint8Array;
  /** How often the key was asked for lately; 0: not counted. */
  readonly asks: number;
}

export interface FoundResult {
  readonly kind: "found";
  readonly id: number;
  readonly entry: Uint8Array;
  /** The entry's bytes, where they follow in chunks. */
  readonly bulkBytes: number;
  readonly waited: boolean;
  readonly stored: boolean;
  /** Written into the copy that is sent: what the entry's age and remaining life are by now. */
  readonly life?: Life | undefined;
}

export interface Life {
  readonly ageMs: number;
  readonly ttlMs: number;
}

interface BegunResult {
  readonly kind: "begun";
  readonly id: number;
  readonly alive: boolean;
  /** Empty: none was staged, or it follows. */
  readonly input: Uint8Array;
  readonly bulkBytes: number;
  readonly remainingMs: number;
}

export interface ErrorResult {
  /** The computation failed, or the node does not do this operation. */
  readonly kind: "failed" | "refused";
  readonly id: number;
  readonly reason: string;
  readonly message: string;
}

const resultFields = Object.freeze({
  found: 2,
  missing: 3,
  granted: 4,
  waiting: 5,
  failed: 6,
  refused: 7,
  done: 8,
  begun: 9,
});

/** Writes a result as an item of a frame. */
export function encodeResult(writer: ProtoWriter, result: Result): void {
  const mark = writer.open(itemField, aboutBytes(result));
  writer.uint(1, result.id);
  switch (result.kind) {
    case "found":
      encodeFound(writer, result);
      break;
    case "begun":
      encodeBegun(writer, result);
      break;
    case "failed":
    case "refused":
      encodeError(writer, result);
      break;
    case "granted": {
      const body = writer.open(resultFields.granted);
      writer.bytes(1, result.token);
      if (result.asks > 0) writer.uint(2, result.asks);
      writer.close(body);
      break;
    }
    case "done": {
      const body = writer.open(resultFields.done);
      if (result.accepted) writer.bool(1, true);
      writer.close(body);
      break;
    }
    case "unknown":
      if (result.field > 0) writer.empty(result.field);
      break;
    default:
      writer.empty(resultFields[result.kind]);
  }
  writer.close(mark);
}

function aboutBytes(result: Result): number {
  if (result.kind === "found") return 40 + result.entry.length;
  if (result.kind === "begun") return 40 + result.input.length;
  return 40;
}

function encodeFound(writer: ProtoWriter, found: FoundResult): void {
  const { entry, bulkBytes, waited, stored, life } = found;
  const body = writer.open(resultFields.found, 20 + entry.length);
  if (entry.length > 0) {
    writer.bytes(1, entry);
    if (life !== undefined) stampAge(writer.last(entry.length), life.ageMs, life.ttlMs);
  }
  if (bulkBytes > 0) writer.uint(2, bulkBytes);
  if (waited) writer.bool(3, true);
  if (stored) writer.bool(4, true);
  writer.close(body);
}

function encodeBegun(writer: ProtoWriter, result: BegunResult): void {
  const body = writer.open(resultFields.begun, 20 + result.input.length);
  if (result.alive) writer.bool(1, true);
  if (result.input.length > 0) writer.bytes(2, result.input);
  if (result.bulkBytes > 0) writer.uint(3, result.bulkBytes);
  if (result.remainingMs > 0) writer.uint(4, result.remainingMs);
  writer.close(body);
}

function encodeError(writer: ProtoWriter, { kind, reason, message }: ErrorResult): void {
  const body = writer.open(resultFields[kind], reason.length + message.length + 4);
  writer.string(1, reason);
  writer.string(2, message);
  writer.close(body);
}

const none: Uint8Array = new Uint8Array();

/** Throws MESSAGE_MALFORMED. Of several results in one message the last counts. */
export function decodeResult(reader: ProtoReader): Result {
  let id = 0;
  let field = 0;
  let body: ProtoReader | undefined;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x08) id = reader.varint();
    else if (wireTypeOf(tag) !== 2) reader.skip(wireTypeOf(tag));
    else {
      field = fieldOf(tag);
      body = reader.message();
    }
  }
  if (body === undefined) throw malformed(`the result of operation ${id} says nothing`);
  return decodeBody(id, field, body);
}

function decodeBody(id: number, field: number, body: ProtoReader): Result {
  switch (field) {
    case resultFields.found:
      return decodeFound(id, body);
    case resultFields.missing:
      return { kind: "missing", id };
    case resultFields.granted:
      return decodeGranted(id, body);
    case resultFields.waiting:
      return { kind: "waiting", id };
    case resultFields.failed:
      return decodeError(id, "failed", body);
    case resultFields.refused:
      return decodeError(id, "refused", body);
    case resultFields.done:
      return { kind: "done", id, accepted: decodeAccepted(body) };
    case resultFields.begun:
      return decodeBegun(id, body);
    default:
      return { kind: "unknown", id, field };
  }
}

function decodeFound(id: number, body: ProtoReader): FoundResult {
  let entry = none;
  let bulkBytes = 0;
  let waited = false;
  let stored = false;
  while (!body.done) {
    const tag = body.tag();
    if (tag === 0x0a) entry = body.bytes();
    else if (tag === 0x10) bulkBytes = body.varint();
    else if (tag === 0x18) waited = body.bool();
    else if (tag === 0x20) stored = body.bool();
    else body.skip(wireTypeOf(tag));
  }
  return { kind: "found", id, entry, bulkBytes, waited, stored };
}

function decodeBegun(id: number, body: ProtoReader): BegunResult {
  let alive = false;
  let input = none;
  let bulkBytes = 0;
  let remainingMs = 0;
  while (!body.done) {
    const tag = body.tag();
    if (tag === 0x08) alive = body.bool();
    else if (tag === 0x12) input = body.bytes();
    else if (tag === 0x18) bulkBytes = body.varint();
    else if (tag === 0x20) remainingMs = body.varint();
    else body.skip(wireTypeOf(tag));
  }
  return { kind: "begun", id, alive, input, bulkBytes, remainingMs };
}

function decodeError(id: number, kind: ErrorResult["kind"], body: ProtoReader): ErrorResult {
  let reason = "";
  let message = "";
  while (!body.done) {
    const tag = body.tag();
    if (tag === 0x0a) reason = body.string();
    else if (tag === 0x12) message = body.string();
    else body.skip(wireTypeOf(tag));
  }
  return { kind, id, reason, message };
}

function decodeGranted(id: number, body: ProtoReader): GrantedResult {
  let token = none;
  let asks = 0;
  while (!body.done) {
    const tag = body.tag();
    if (tag === 0x0a) token = body.bytes();
    else if (tag === 0x10) asks = body.varint();
    else body.skip(wireTypeOf(tag));
  }
  return { kind: "granted", id, token, asks };
}

function decodeAccepted(body: ProtoReader): boolean {
  let accepted = false;
  while (!body.done) {
    const tag = body.tag();
    if (tag === 0x08) accepted = body.bool();
    else body.skip(wireTypeOf(tag));
  }
  return accepted;
}
