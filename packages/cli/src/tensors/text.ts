import {
  bytesPerElement,
  type Datatype,
  elementCount,
  encodeStrings,
  KvringError,
  type Tensor,
  type TensorSpec,
} from "@kvring/core";
import { seededRandom } from "@kvring/models";

/** Tensors as people type and read them. */

type Codec = {
  readonly write: (data: Buffer, value: unknown, at: number) => void;
  readonly read: (data: Buffer, at: number) => number | string | boolean;
};

/** What is no number is refused: Number("") is 0, and Number("seven") would be written as 0. */
function real(value: unknown): number {
  const isText = typeof value === "string" && value.trim() !== "";
  const number = isText || typeof value === "number" ? Number(value) : Number.NaN;
  if (Number.isNaN(number) && value !== "NaN") throw new RangeError("not a number");
  return number;
}

function whole(value: unknown): number {
  const number = real(value);
  if (!Number.isInteger(number)) throw new RangeError("not a whole number");
  return number;
}

/** Beyond 2^53 JSON has rounded a number already; as text it is exact. */
function long(value: unknown): bigint {
  if (typeof value === "string" && value.trim() !== "") return BigInt(value);
  if (!Number.isSafeInteger(value)) throw new RangeError("not exact");
  return BigInt(Number(value));
}

function truth(value: unknown): number {
  if ([true, 1, "true"].some((yes) => yes === value)) return 1;
  if ([false, 0, "false"].some((no) => no === value)) return 0;
  throw new RangeError("neither true nor false");
}

const codecs: Readonly<Record<Exclude<Datatype, "BYTES" | "FP16">, Codec>> = {
  BOOL: {
    write: (data, value, at) => data.writeUInt8(truth(value), at),
    read: (data, at) => data.readUInt8(at) !== 0,
  },
  UINT8: { write: (d, v, at) => d.writeUInt8(whole(v), at), read: (d, at) => d.readUInt8(at) },
  UINT16: {
    write: (d, v, at) => d.writeUInt16LE(whole(v), at),
    read: (d, at) => d.readUInt16LE(at),
  },
  UINT32: {
    write: (d, v, at) => d.writeUInt32LE(whole(v), at),
    read: (d, at) => d.readUInt32LE(at),
  },
  UINT64: {
    write: (d, v, at) => d.writeBigUInt64LE(long(v), at),
    read: (d, at) => String(d.readBigUInt64LE(at)),
  },
  INT8: { write: (d, v, at) => d.writeInt8(whole(v), at), read: (d, at) => d.readInt8(at) },
  INT16: { write: (d, v, at) => d.writeInt16LE(whole(v), at), read: (d, at) => d.readInt16LE(at) },
  INT32: { write: (d, v, at) => d.writeInt32LE(whole(v), at), read: (d, at) => d.readInt32LE(at) },
  INT64: {
    write: (d, v, at) => d.writeBigInt64LE(long(v), at),
    read: (d, at) => String(d.readBigInt64LE(at)),
  },
  FP32: { write: (d, v, at) => d.writeFloatLE(real(v), at), read: (d, at) => d.readFloatLE(at) },
  FP64: {
    write: (d, v, at) => d.writeDoubleLE(real(v), at),
    read: (d, at) => d.readDoubleLE(at),
  },
};

/** JSON (nested or flat) as a tensor of the declared type. Throws SHAPE_MISMATCH, SIZE_MISMATCH. */
export function parseTensor(
  spec: TensorSpec,
  json: unknown,
  shape: readonly number[] | undefined,
): Tensor {
  const values = Array.isArray(json) ? json.flat(Number.POSITIVE_INFINITY) : [json];
  const resolved = shape ?? resolveShape(spec, values.length);
  return { ...spec, shape: resolved, data: encodeValues(spec, values) };
}

/** Numbers that depend on nothing but seed and name: asking twice is asking the same. */
export function randomTensor(
  spec: TensorSpec,
  seed: number,
  shape: readonly number[] | undefined,
): Tensor {
  const random = seededRandom(seed);
  const resolved = shape ?? spec.shape.map((dimension) => (dimension === -1 ? 1 : dimension));
  const count = elementCount(resolved);
  const isFloat = spec.datatype === "FP32" || spec.datatype === "FP64";
  const values = Array.from({ length: count }, () => {
    if (spec.datatype === "BYTES") return `text-${Math.floor(random() * 1000)}`;
    return isFloat ? random() : Math.floor(random() * 2);
  });
  return { ...spec, shape: resolved, data: encodeValues(spec, values) };
}

/** The elements of a tensor; 64-bit integers as text, FP16 as its bits. */
export function formatTensor(tensor: Tensor): (number | string | boolean)[] {
  const { data, datatype } = tensor;
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const width = bytesPerElement(datatype);
  const values: (number | string | boolean)[] = [];
  for (let at = 0; at + width <= buffer.length && width > 0; at += width) {
    values.push(
      datatype === "FP16" || datatype === "BYTES"
        ? `0x${buffer.readUInt16LE(at).toString(16)}`
        : codecs[datatype].read(buffer, at),
    );
  }
  return values;
}

function encodeValues(spec: TensorSpec, values: readonly unknown[]): Uint8Array {
  if (spec.datatype === "BYTES") {
    return encodeStrings(values.map((value, index) => stringOf(spec, value, index)));
  }
  if (spec.datatype === "FP16") {
    throw new KvringError("DATATYPE_UNSUPPORTED", "FP16 inputs cannot be given as JSON");
  }
  const width = bytesPerElement(spec.datatype);
  const data = Buffer.alloc(values.length * width);
  const codec = codecs[spec.datatype];
  values.forEach((value, index) => {
    try {
      codec.write(data, value, index * width);
    } catch (error) {
      throw notOf(spec, value, index, error);
    }
  });
  return data;
}

function stringOf(spec: TensorSpec, value: unknown, index: number): string {
  if (["string", "number", "boolean"].includes(typeof value)) return String(value);
  throw notOf(spec, value, index);
}

function notOf(spec: TensorSpec, value: unknown, index: number, cause?: unknown): KvringError {
  return new KvringError(
    "SIZE_MISMATCH",
    `input "${spec.name}", element ${index}: ${JSON.stringify(value)} is no ${spec.datatype}`,
    { cause },
  );
}

/** A shape as people type it: "1,28,28". Throws SHAPE_MISMATCH. */
export function parseShape(text: string): number[] {
  if (/^\d{1,15}(,\d{1,15})*$/.test(text)) return text.split(",").map(Number);
  throw new KvringError("SHAPE_MISMATCH", `"${text}" is no shape, as in 1,28,28`);
}

/** One free dimension can be told from the number of values. */
function resolveShape(spec: TensorSpec, count: number): number[] {
  const free = spec.shape.filter((dimension) => dimension === -1).length;
  const known = spec.shape.reduce((product, d) => (d === -1 ? product : product * d), 1);
  if (free === 0) return [...spec.shape];
  if (free > 1 || known === 0 || count % known !== 0) {
    throw new KvringError(
      "SHAPE_MISMATCH",
      `input "${spec.name}" of shape [${spec.shape}] and ${count} values: give --shape ${spec.name}=…`,
    );
  }
  return spec.shape.map((dimension) => (dimension === -1 ? count / known : dimension));
}
