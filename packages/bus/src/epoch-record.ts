import { randomBytes } from "node:crypto";

/** The subject of the record that begins a life of the control log. */
export const epochSubject = "epoch";

/** 1 … 2^53 − 1: two lives of a log share one with a chance of about 1 in 10^16. */
export function randomEpoch(): number {
  const bits = randomBytes(8).readBigUInt64LE() >> 11n;
  return bits === 0n ? 1 : Number(bits);
}

/*
 * The record is a `kvring.v1.LogRecord` like all others of the log, with field 1, an `Epoch` whose
 * field 1 is a varint. The bus reads nothing else of the log, so it writes these bytes itself
 * instead of depending on the wire package; a test holds them against the .proto file.
 */
const epochField = 0x0a;
const numberField = 0x08;

export function encodeEpoch(epoch: number): Uint8Array {
  const varint: number[] = [];
  let rest = BigInt(epoch);
  while (rest > 0x7fn) {
    varint.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  varint.push(Number(rest));
  return Uint8Array.of(epochField, varint.length + 1, numberField, ...varint);
}

/** Undefined when the bytes are not exactly such a record. */
export function decodeEpoch(body: Uint8Array): number | undefined {
  if (body[0] !== epochField || body[1] !== body.length - 2 || body[2] !== numberField) {
    return undefined;
  }
  const varint = body.subarray(3);
  if (varint.length === 0 || varint.length > 8) return undefined;
  let epoch = 0n;
  for (const [index, byte] of varint.entries()) {
    if (byte > 0x7f !== index < varint.length - 1) return undefined;
    epoch |= BigInt(byte & 0x7f) << BigInt(7 * index);
  }
  return epoch > 0n && epoch <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(epoch) : undefined;
}
