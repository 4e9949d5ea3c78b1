import { nowhere, type Position } from "@kvring/core";
import { fieldOf, type ProtoReader, wireTypeOf, wireTypes } from "../protobuf/reader.ts";
import {
  type CancelOperation,
  type FailOperation,
  type LookupOperation,
  type Operation,
  type OperationHead,
  operationFields,
  type PutOperation,
  type StageOperation,
  type TokenOperation,
} from "./operation.ts";

const none: Uint8Array = new Uint8Array();

/** Throws MESSAGE_MALFORMED. Of several operations in one message the last counts. */
export function decodeOperation(reader: ProtoReader): Operation {
  const head = { id: 0, key: none, tenant: "" };
  let kind: keyof typeof operationFields | undefined;
  let body: ProtoReader | undefined;
  let unknownField = 0;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x08) head.id = reader.varint();
    else if (tag === 0x12) head.key = reader.bytes();
    else if (tag === 0x1a) head.tenant = reader.string();
    else if (wireTypeOf(tag) !== wireTypes.bytes) reader.skip(wireTypeOf(tag));
    else {
      kind = kindOf(fieldOf(tag));
      unknownField = kind === undefined ? fieldOf(tag) : 0;
      body = reader.message();
    }
  }
  if (kind === undefined || body === undefined) {
    return { ...head, kind: "unknown", field: unknownField };
  }
  return decodeBody(head, kind, body);
}

function kindOf(field: number): keyof typeof operationFields | undefined {
  return kinds[field];
}

const kinds: (keyof typeof operationFields | undefined)[] = [];
for (const [kind, field] of Object.entries(operationFields)) {
  kinds[field] = kind as keyof typeof operationFields;
}

function decodeBody(
  head: OperationHead,
  kind: keyof typeof operationFields,
  body: ProtoReader,
): Operation {
  switch (kind) {
    case "lookup":
      return decodeLookup(head, body);
    case "put":
      return decodePut(head, body);
    case "stage":
      return decodeStage(head, body);
    case "fail":
      return decodeFail(head, body);
    case "cancel":
      return decodeCancel(head, body);
    default:
      return decodeTokenOperation(head, kind, body);
  }
}

function decodeLookup({ id, key, tenant }: OperationHead, body: ProtoReader): LookupOperation {
  let minBorn = nowhere;
  let maxAgeMs: number | undefined;
  let waitMs = 0;
  let joinOnly = false;
  let minTtlMs = 0;
  while (!body.done) {
    const tag = body.tag();
    if (tag === 0x0a) minBorn = decodePosition(body.message());
    else if (tag === 0x11) maxAgeMs = body.double();
    else if (tag === 0x18) waitMs = body.varint();
    else if (tag === 0x20) joinOnly = body.bool();
    else if (tag === 0x29) minTtlMs = body.double();
    else body.skip(wireTypeOf(tag));
  }
  return { id, key, tenant, kind: "lookup", minBorn, maxAgeMs, waitMs, joinOnly, minTtlMs };
}

function decodePosition(reader: ProtoReader): Position {
  let epoch = 0;
  let sequence = 0;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x08) epoch = reader.varint();
    else if (tag === 0x10) sequence = reader.varint();
    else reader.skip(wireTypeOf(tag));
  }
  return { epoch, sequence };
}

function decodePut({ id, key, tenant }: OperationHead, body: ProtoReader): PutOperation {
  let token = none;
  let entry = none;
  let bulkBytes = 0;
  let store = false;
  while (!body.done) {
    const tag = body.tag();
    if (tag === 0x0a) token = body.bytes();
    else if (tag === 0x12) entry = body.bytes();
    else if (tag === 0x18) bulkBytes = body.varint();
    else if (tag === 0x20) store = body.bool();
    else body.skip(wireTypeOf(tag));
  }
  return { id, key, tenant, kind: "put", token, entry, bulkBytes, store };
}

function decodeStage({ id, key, tenant }: OperationHead, body: ProtoReader): StageOperation {
  let token = none;
  let input = none;
  let bulkBytes = 0;
  while (!body.done) {
    const tag = body.tag();
    if (tag === 0x0a) token = body.bytes();
    else if (tag === 0x12) input = body.bytes();
    else if (tag === 0x18) bulkBytes = body.varint();
    else body.skip(wireTypeOf(tag));
  }
  return { id, key, tenant, kind: "stage", token, input, bulkBytes };
}

function decodeFail({ id, key, tenant }: OperationHead, body: ProtoReader): FailOperation {
  let token = none;
  let reason = "";
  let message = "";
  while (!body.done) {
    const tag = body.tag();
    if (tag === 0x0a) token = body.bytes();
    else if (tag === 0x12) reason = body.string();
    else if (tag === 0x1a) message = body.string();
    else body.skip(wireTypeOf(tag));
  }
  return { id, key, tenant, kind: "fail", token, reason, message };
}

function decodeCancel({ id, key, tenant }: OperationHead, body: ProtoReader): CancelOperation {
  let operationId = 0;
  while (!body.done) {
    const tag = body.tag();
    if (tag === 0x08) operationId = body.varint();
    else body.skip(wireTypeOf(tag));
  }
  return { id, key, tenant, kind: "cancel", operationId };
}

function decodeTokenOperation(
  { id, key, tenant }: OperationHead,
  kind: TokenOperation["kind"],
  body: ProtoReader,
): TokenOperation {
  let token = none;
  while (!body.done) {
    const tag = body.tag();
    if (tag === 0x0a) token = body.bytes();
    else body.skip(wireTypeOf(tag));
  }
  return { id, key, tenant, kind, token };
}
