import { bytesPerElement, type Datatype, type ModelSignature, type Tensor } from "@kvring/core";

/** How inputs are made up where the signature leaves a choice. No strings are. */
export interface Recipe {
  /** What stands for each free dimension after the first. */
  readonly freeDimension: number;
  /** Integers are below that: they may be indices. */
  readonly integersBelow: number;
}

/** From the likeliest to fit to the least. */
export const recipes: readonly Recipe[] = [
  { freeDimension: 16, integersBelow: 10 },
  { freeDimension: 16, integersBelow: 2 },
  { freeDimension: 1, integersBelow: 2 },
  { freeDimension: 64, integersBelow: 10 },
  { freeDimension: 224, integersBelow: 10 },
];

type Numeric = Exclude<Datatype, "BYTES">;

/**
 * The inputs of the n-th row, the same every time. Rows are of different magnitudes: what scales a
 * row by its neighbours shows best between a small and a large one.
 */
export function generatedRow(
  { inputs }: ModelSignature,
  row: number,
  { freeDimension, integersBelow }: Recipe,
): Tensor[] {
  const random = xorshift(row + 1);
  const magnitude = 10 ** ((row % 3) - 1);
  return inputs.map(({ name, datatype, shape }) => {
    const whole = shape.map((dimension, axis) => {
      if (dimension !== -1) return dimension;
      return axis === 0 ? 1 : freeDimension;
    });
    const count = whole.reduce((product, dimension) => product * dimension, 1);
    const kind = datatype as Numeric;
    const data = new Uint8Array(count * bytesPerElement(kind));
    const write = writers[kind];
    const view = new DataView(data.buffer);
    const size = bytesPerElement(kind);
    for (let at = 0; at < data.length; at += size) {
      write(view, at, random(), { magnitude, integersBelow });
    }
    return { name, datatype, shape: whole, data };
  });
}

interface Range {
  readonly magnitude: number;
  readonly integersBelow: number;
}

/** `value` is from 0 up to 1. */
type Write = (view: DataView, at: number, value: number, range: Range) => void;

const small = (value: number, { integersBelow }: Range): number =>
  Math.floor(value * integersBelow);
const large = (value: number, { integersBelow }: Range): bigint =>
  BigInt(Math.floor(value * integersBelow));
const float = (value: number, { magnitude }: Range): number => (2 * value - 1) * magnitude;

const writers: Readonly<Record<Numeric, Write>> = {
  BOOL: (view, at, value) => view.setUint8(at, value < 0.5 ? 0 : 1),
  UINT8: (view, at, value, range) => view.setUint8(at, small(value, range)),
  UINT16: (view, at, value, range) => view.setUint16(at, small(value, range), true),
  UINT32: (view, at, value, range) => view.setUint32(at, small(value, range), true),
  UINT64: (view, at, value, range) => view.setBigUint64(at, large(value, range), true),
  INT8: (view, at, value, range) => view.setInt8(at, small(value, range)),
  INT16: (view, at, value, range) => view.setInt16(at, small(value, range), true),
  INT32: (view, at, value, range) => view.setInt32(at, small(value, range), true),
  INT64: (view, at, value, range) => view.setBigInt64(at, large(value, range), true),
  // Positive, from 2⁻⁵ up to 1: an exponent of 10 to 14 and all of the fraction.
  FP16: (view, at, value) => view.setUint16(at, 0x2800 + Math.floor(value * 0x1400), true),
  FP32: (view, at, value, range) => view.setFloat32(at, float(value, range), true),
  FP64: (view, at, value, range) => view.setFloat64(at, float(value, range), true),
};

/** Marsaglia's xorshift32, from 0 up to 1: pixels of 32 images within milliseconds. */
function xorshift(seed: number): () => number {
  let state = (seed * 0x9e3779b9) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
