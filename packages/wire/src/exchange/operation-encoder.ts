import type { Position } from "@kvring/core";
import type { ProtoWriter } from "../protobuf/writer.ts";
import { itemField } from "./frame.ts";
import { type Operation, operationFields, type UnknownOperation } from "./operation.ts";

/** Writes an operation as an item of a frame. */
export function encodeOperation(writer: ProtoWriter, operation: Operation): void {
  const mark = writer.open(itemField, aboutBytes(operation));
  writer.uint(1, operation.id);
  if (operation.key.length > 0) writer.bytes(2, operation.key);
  if (operation.tenant !== "") writer.string(3, operation.tenant);
  if (operation.kind === "unknown") {
    if (operation.field > 0) writer.empty(operation.field);
  } else {
    const body = writer.open(operationFields[operation.kind], aboutBytes(operation));
    encodeBody(writer, operation);
    writer.close(body);
  }
  writer.close(mark);
}

function aboutBytes(operation: Operation): number {
  if (operation.kind === "put") return 80 + operation.entry.length;
  if (operation.kind === "stage") return 80 + operation.input.length;
  return 80;
}

function encodeBody(writer: ProtoWriter, operation: Exclude<Operation, UnknownOperation>): void {
  switch (operation.kind) {
    case "lookup":
      encodePosition(writer, operation.minBorn);
      if (operation.maxAgeMs !== undefined) writer.double(2, operation.maxAgeMs);
      if (operation.waitMs > 0) writer.uint(3, operation.waitMs);
      if (operation.joinOnly) writer.bool(4, true);
      if (operation.minTtlMs !== 0) writer.double(5, operation.minTtlMs);
      return;
    case "put":
      encodeToken(writer, operation.token);
      if (operation.entry.length > 0) writer.bytes(2, operation.entry);
      if (operation.bulkBytes > 0) writer.uint(3, operation.bulkBytes);
      if (operation.store) writer.bool(4, true);
      return;
    case "stage":
      encodeToken(writer, operation.token);
      if (operation.input.length > 0) writer.bytes(2, operation.input);
      if (operation.bulkBytes > 0) writer.uint(3, operation.bulkBytes);
      return;
    case "fail":
      encodeToken(writer, operation.token);
      if (operation.reason !== "") writer.string(2, operation.reason);
      if (operation.message !== "") writer.string(3, operation.message);
      return;
    case "cancel":
      writer.uint(1, operation.operationId);
      return;
    default:
      encodeToken(writer, operation.token);
  }
}

function encodePosition(writer: ProtoWriter, { epoch, sequence }: Position): void {
  if (epoch === 0 && sequence === 0) return;
  const mark = writer.open(1);
  if (epoch > 0) writer.uint(1, epoch);
  if (sequence > 0) writer.uint(2, sequence);
  writer.close(mark);
}

function encodeToken(writer: ProtoWriter, token: Uint8Array): void {
  if (token.length > 0) writer.bytes(1, token);
}
