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

const integer = (value: unknown): bigint => BigInt(value as string | number);

const codecs: Readonly<Record<Exclude<Datatype, "BYTES" | "FP16">, Codec>> = {
  BOOL: {
    write: (data, value, at) => data.writeUInt8(value ? 1 : 0, at),
    read: (data, at) => data.readUInt8(at) !== 0,
  },
  UINT8: { write: (d, v, at) => d.writeUInt8(Number(v), at), read: (d, at) => d.readUInt8(at) },
  UINT16: {
    write: (d, v, at) => d.writeUInt16LE(Number(v), at),
    read: (d, at) => d.readUInt16LE(at),
  },
  UINT32: {
    write: (d, v, at) => d.writeUInt32LE(Number(v), at),
    read: (d, at) => d.readUInt32LE(at),
  },
  UINT64: {
    write: (d, v, at) => d.writeBigUInt64LE(integer(v), at),
    read: (d, at) => String(d.readBigUInt64LE(at)),
  },
  INT8: { write: (d, v, at) => d.writeInt8(Number(v), at), read: (d, at) => d.readInt8(at) },
  INT16: { write: (d, v, at) => d.writeInt16LE(Number(v), at), read: (d, at) => d.readInt16LE(at) },
  INT32: { write: (d, v, at) => d.writeInt32LE(Number(v), at), read: (d, at) => d.readInt32LE(at) },
  INT64: {
    write: (d, v, at) => d.writeBigInt64LE(integer(v), at),
    read: (d, at) => String(d.readBigInt64LE(at)),
  },
  FP32: { write: (d, v, at) => d.writeFloatLE(Number(v), at), read: (d, at) => d.readFloatLE(at) },
  FP64: {
    write: (d, v, at) => d.writeDoubleLE(Number(v), at),
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
  if (spec.datatype === "BYTES") return encodeStrings(values.map(String));
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
      throw new KvringError(
        "SIZE_MISMATCH",
        `input "${spec.name}", element ${index}: ${JSON.stringify(value)} is no ${spec.datatype}`,
        { cause: error },
      );
    }
  });
  return data;
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
