import assert from "node:assert/strict";
import type { ScopeId } from "@kvring/core";
import {
  type Checkpoint,
  type CheckpointMember,
  type Invalidation,
  type LogRecord,
  subjectOf,
} from "./records.ts";
import type { LeaseTerms } from "./terms.ts";

export type WrittenRecord = Exclude<LogRecord, { kind: "skipped" | "unreadable" }>;

/** A record as the log stores it: JSON, with the scopes of a checkpoint packed. */
export function encodeRecord(record: WrittenRecord): {
  readonly subject: string;
  readonly body: Uint8Array;
} {
  const subject = subjectOf(record);
  return { subject, body: Buffer.from(JSON.stringify(bodyOf(record))) };
}

function bodyOf(record: WrittenRecord): object {
  switch (record.kind) {
    case "invalidation":
      return { ...record, scopes: record.scopes.map(hex) };
    case "checkpoint":
      return { ...record, scopes: packScopes(record.scopes) };
    default:
      return record;
  }
}

/** Records under these subjects are acted on: one that cannot be read must not pass for nothing. */
const knownSubjects = new Set(["config", "settled", "checkpoint", "inv", "roster", "hb"]);

/**
 * Never throws. A kind that this version does not know is skipped, so that later versions can add
 * some; a record under a subject that it does know, and cannot read, is `unreadable`.
 */
export function decodeRecord(subject: string, body: Uint8Array): LogRecord {
  const [first = ""] = subject.split(".");
  if (!knownSubjects.has(first)) return { kind: "skipped" };
  try {
    const record = readRecord(JSON.parse(Buffer.from(body).toString()));
    if (record?.kind === "skipped" || (record && subjectOf(record) === subject)) return record;
  } catch {
    // Not JSON, or not of the form that its kind has.
  }
  return { kind: "unreadable" };
}

type Fields = { readonly [name: string]: unknown };

function readRecord(json: unknown): WrittenRecord | { readonly kind: "skipped" } | undefined {
  const fields = readObject(json);
  const { kind } = fields;
  switch (kind) {
    case "config":
      return { kind, terms: readTerms(fields["terms"]) };
    case "settled":
      return { kind, epoch: readNumber(fields["epoch"]) };
    case "join":
    case "tombstone":
      return { kind, gateway: readText(fields["gateway"]) };
    case "leave":
      return { kind, gateway: readText(fields["gateway"]), epoch: readNumber(fields["epoch"]) };
    case "heartbeat":
      return { kind, gateway: readText(fields["gateway"]), nonce: readText(fields["nonce"]) };
    case "invalidation":
      return readInvalidation(fields);
    case "checkpoint":
      return readCheckpoint(fields);
    default:
      return typeof kind === "string" ? { kind: "skipped" } : undefined;
  }
}

function readInvalidation(fields: Fields): Invalidation {
  return {
    kind: "invalidation",
    scopes: readList(fields["scopes"]).map((id) => BigInt(`0x${readText(id)}`)),
    attempt: readText(fields["attempt"]),
    coordinator: readText(fields["coordinator"]),
  };
}

function readCheckpoint(fields: Fields): Checkpoint {
  return {
    kind: "checkpoint",
    epoch: readNumber(fields["epoch"]),
    coordinator: readText(fields["coordinator"]),
    through: readNumber(fields["through"]),
    horizon: readNumber(fields["horizon"]),
    scopes: unpackScopes(readText(fields["scopes"])),
    members: readList(fields["members"]).map(readMember),
    terms: readTerms(fields["terms"]),
    settledEpoch: readNumber(fields["settledEpoch"]),
  };
}

function readMember(json: unknown): CheckpointMember {
  const fields = readObject(json);
  return {
    gateway: readText(fields["gateway"]),
    joinedAt: readNumber(fields["joinedAt"]),
    heartbeatAt: readNumber(fields["heartbeatAt"]),
    isTombstoned: fields["isTombstoned"] === true,
  };
}

function readTerms(json: unknown): LeaseTerms {
  const fields = readObject(json);
  return { waitMs: readNumber(fields["waitMs"]), drift: readNumber(fields["drift"]) };
}

function readObject(json: unknown): Fields {
  if (typeof json === "object" && json !== null) return { ...json };
  throw new TypeError("an object was expected");
}

function readList(json: unknown): readonly unknown[] {
  if (Array.isArray(json)) return json;
  throw new TypeError("a list was expected");
}

function readText(json: unknown): string {
  if (typeof json === "string") return json;
  throw new TypeError("a text was expected");
}

function readNumber(json: unknown): number {
  if (typeof json === "number" && json >= 0) return json;
  throw new TypeError("a number was expected");
}

function hex(id: ScopeId): string {
  return id.toString(16);
}

/** 16 bytes for each scope, little-endian: its id and its sequence. */
function packScopes(scopes: Checkpoint["scopes"]): string {
  const packed = Buffer.alloc(16 * scopes.length);
  scopes.forEach(([id, sequence], index) => {
    packed.writeBigUInt64LE(id, 16 * index);
    packed.writeBigUInt64LE(BigInt(sequence), 16 * index + 8);
  });
  return packed.toString("base64");
}

function unpackScopes(text: string): Checkpoint["scopes"] {
  const packed = Buffer.from(text, "base64");
  assert(packed.length % 16 === 0, "scopes are packed in 16 bytes each");
  return Array.from({ length: packed.length / 16 }, (_, index) => [
    packed.readBigUInt64LE(16 * index),
    Number(packed.readBigUInt64LE(16 * index + 8)),
  ]);
}
