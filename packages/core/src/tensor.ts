import { isUtf8 } from "node:buffer";
import { bytesPerElement, type Datatype } from "./datatypes.ts";
import { KvringError } from "./errors.ts";

/** A tensor as a model declares it. A dimension of −1 is free. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/**
 * A tensor with its bytes: row-major, little-endian, no padding. A BYTES element is its length as
 * a 32-bit little-endian number and then that many bytes of UTF-8.
 */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * The number of elements of a concrete shape: 1 for a scalar, 0 where a dimension is 0, Infinity
 * beyond 2^53, where products are no longer exact. Throws SHAPE_MISMATCH for a dimension that is
 * not a whole number from 0 to 2^53 − 1: two negative ones would make a plausible product.
 */
export function elementCount(shape: readonly number[]): number {
  if (!shape.every(isDimension)) {
    throw new KvringError(
      "SHAPE_MISMATCH",
      `shape [${shape}] cannot be: every dimension is a whole number from 0 to 2^53 - 1`,
    );
  }
  // First of all, since Infinity times 0 is not a number.
  if (shape.includes(0)) return 0;
  let count = 1;
  for (const dimension of shape) count *= dimension;
  return Number.isSafeInteger(count) ? count : Number.POSITIVE_INFINITY;
}

function isDimension(dimension: number | undefined): boolean {
  return Number.isSafeInteger(dimension) && Number(dimension) >= 0;
}

/** Whether a concrete shape fits a declared one. */
export function shapeFits(shape: readonly number[], declared: readonly number[]): boolean {
  if (shape.length !== declared.length) return false;
  return declared.every((dimension, axis) =>
    dimension === -1 ? isDimension(shape[axis]) : dimension === shape[axis],
  );
}

/**
 * Throws SIZE_MISMATCH or BYTES_MALFORMED unless `data` is exactly what datatype and shape promise.
 *
 * ONNX Runtime cuts strings at NUL and replaces what is not UTF-8 (lone surrogates too), so two
 * different inputs would get one answer: such strings are refused here.
 */
export function checkBytes(tensor: Tensor): void {
  const count = elementCount(tensor.shape);
  if (tensor.datatype === "BYTES") {
    checkElements(tensor, count);
    return;
  }
  const expected = count * bytesPerElement(tensor.datatype);
  if (tensor.data.byteLength === expected) return;
  throw new KvringError(
    "SIZE_MISMATCH",
    `tensor "${tensor.name}" of ${tensor.datatype}[${tensor.shape}] needs ${expected} bytes, got ${tensor.data.byteLength}`,
  );
}

function checkElements(tensor: Tensor, count: number): void {
  const { data, name } = tensor;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  let seen = 0;
  while (at < data.byteLength) {
    if (at + 4 > data.byteLength) throw malformed(name, seen, "its 4-byte length is cut off");
    const length = view.getUint32(at, true);
    at += 4;
    if (at + length > data.byteLength) {
      throw malformed(name, seen, `${length} bytes announced, ${data.byteLength - at} left`);
    }
    if (!isShortText(data, at, length)) {
      const element = data.subarray(at, at + length);
      if (element.includes(0)) throw malformed(name, seen, "it contains NUL");
      if (!isUtf8(element)) throw malformed(name, seen, "it is not UTF-8");
    }
    at += length;
    seen += 1;
  }
  if (seen !== count) {
    throw new KvringError(
      "SIZE_MISMATCH",
      `tensor "${name}" of BYTES[${tensor.shape}] needs ${count} elements, got ${seen}`,
    );
  }
}

/**
 * Whether an element is at most 16 characters of ASCII without NUL. 64 MiB of the shortest
 * elements take 70 ms this way, and one second of a blocked event loop with a view for each.
 */
function isShortText(data: Uint8Array, start: number, length: number): boolean {
  if (length > 16) return false;
  for (let at = start; at < start + length; at += 1) {
    const byte = data[at];
    if (byte === undefined || byte === 0 || byte >= 0x80) return false;
  }
  return true;
}

function malformed(name: string, element: number, why: string): KvringError {
  return new KvringError("BYTES_MALFORMED", `tensor "${name}", element ${element}: ${why}`);
}

/** Strings as the bytes of a BYTES tensor. Throws BYTES_MALFORMED for what UTF-8 cannot say. */
export function encodeStrings(strings: readonly string[]): Uint8Array {
  const elements = strings.map((text, index) => {
    // Buffer.from would write U+FFFD, and two different strings would become one.
    if (!text.isWellFormed()) throw malformed("strings", index, "it has a lone surrogate");
    return Buffer.from(text, "utf8");
  });
  const data = Buffer.alloc(elements.reduce((sum, element) => sum + 4 + element.length, 0));
  let at = 0;
  for (const element of elements) {
    at = data.writeUInt32LE(element.length, at);
    at += element.copy(data, at);
  }
  return data;
}

/** The strings of a BYTES tensor that passed `checkBytes`. */
export function decodeStrings(data: Uint8Array): string[] {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const strings: string[] = [];
  for (let at = 0; at < buffer.length; ) {
    const length = buffer.readUInt32LE(at);
    strings.push(buffer.toString("utf8", at + 4, at + 4 + length));
    at += 4 + length;
  }
  return strings;
}
