import type { InferRequest, Parameter } from "./plain-client.ts";

/** A tensor with its raw bytes. */
export interface RawTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly raw: Buffer;
}

type Extras = Omit<InferRequest, "model_name" | "inputs" | "raw_input_contents">;

export function rawRequest(
  model: string,
  tensors: readonly RawTensor[],
  extras: Extras = {},
): InferRequest {
  return {
    ...extras,
    model_name: model,
    inputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    raw_input_contents: tensors.map(({ raw }) => raw),
  };
}

/** Parameters of the types a client would give them. */
export function parameters(
  values: Readonly<Record<string, string | number | boolean>>,
): Record<string, Parameter> {
  const typed = (value: string | number | boolean): Parameter => {
    if (typeof value === "string") return { string_param: value };
    return typeof value === "number" ? { int64_param: value } : { bool_param: value };
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typed(value)]));
}

export function int32s(name: string, values: readonly number[], shape = [values.length]) {
  const raw = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) raw.writeInt32LE(value, 4 * index);
  return { name, datatype: "INT32", shape, raw } satisfies RawTensor;
}

export function float32s(name: string, values: readonly number[], shape = [values.length]) {
  const raw = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) raw.writeFloatLE(value, 4 * index);
  return { name, datatype: "FP32", shape, raw } satisfies RawTensor;
}

export function int64(name: string, value: bigint) {
  const raw = Buffer.alloc(8);
  raw.writeBigInt64LE(value);
  return { name, datatype: "INT64", shape: [1], raw } satisfies RawTensor;
}

/** Each element behind its length, as BYTES tensors travel raw. */
export function byteElements(elements: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    elements.flatMap((element) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(element));
      return [length, typeof element === "string" ? Buffer.from(element) : element];
    }),
  );
}

export const readInt32s = (raw: Buffer | undefined): number[] =>
  Array.from({ length: (raw?.length ?? 0) / 4 }, (_, index) => raw?.readInt32LE(4 * index) ?? 0);

export const readFloat32s = (raw: Buffer | undefined): number[] =>
  Array.from({ length: (raw?.length ?? 0) / 4 }, (_, index) => raw?.readFloatLE(4 * index) ?? 0);

const row = [1, 16];
const full = (value: number): number[] => new Array<number>(16).fill(value);

/** Inputs of `sum-difference`: sixteen times a, sixteen times b. */
export function sumInputs(a: number, b: number): readonly [RawTensor, RawTensor] {
  return [int32s("a", full(a), row), int32s("b", full(b), row)];
}

export function sumRequest(a: number, b: number, extras: Extras = {}): InferRequest {
  return rawRequest("sum-difference", sumInputs(a, b), extras);
}

let asked = 1000;

/** A request of `sum-difference` that nobody has asked before in this process. */
export function freshRequest(extras: Extras = {}): InferRequest {
  asked += 1;
  return sumRequest(asked, 1, extras);
}
