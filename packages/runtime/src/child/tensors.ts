import {
  checkBytes,
  type Datatype,
  decodeStrings,
  elementCount,
  encodeStrings,
  KvringError,
  type Tensor,
} from "@kvring/core";
import { type OnnxValue, Tensor as OrtTensor } from "onnxruntime-node";

// Where the runtime has Float16Array (Node 24), the JavaScript half of onnxruntime-node 1.30 insists
// on it, and the native half takes it for empty: "not enough space: expected 2, got 0". It asks
// once, with its first tensor; told that there is none, both halves use Uint16Array.
Reflect.deleteProperty(globalThis, "Float16Array");

/** Arrays of one element type over memory that is there already. */
interface View {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): OrtTensor.DataType;
}

type Numeric = Exclude<Datatype, "BYTES">;

/** FP16 passes as raw 16-bit values: through numbers, the payload of a NaN would get lost. */
const numeric: Readonly<Record<Numeric, { readonly type: OrtTensor.Type; readonly view: View }>> = {
  BOOL: { type: "bool", view: Uint8Array },
  UINT8: { type: "uint8", view: Uint8Array },
  UINT16: { type: "uint16", view: Uint16Array },
  UINT32: { type: "uint32", view: Uint32Array },
  UINT64: { type: "uint64", view: BigUint64Array },
  INT8: { type: "int8", view: Int8Array },
  INT16: { type: "int16", view: Int16Array },
  INT32: { type: "int32", view: Int32Array },
  INT64: { type: "int64", view: BigInt64Array },
  FP16: { type: "float16", view: Uint16Array },
  FP32: { type: "float32", view: Float32Array },
  FP64: { type: "float64", view: Float64Array },
};

const datatypes = new Map<string, Datatype>([["string", "BYTES"]]);
for (const [datatype, { type }] of Object.entries(numeric)) {
  datatypes.set(type, datatype as Numeric);
}

/** A tensor for ONNX Runtime, over the same bytes where they are aligned. */
export function toOrt({ datatype, shape, data }: Tensor): OrtTensor {
  if (datatype === "BYTES") return new OrtTensor("string", decodeStrings(data), [...shape]);
  const { type, view } = numeric[datatype];
  const size = view.BYTES_PER_ELEMENT;
  const bytes = data.byteOffset % size === 0 ? data : data.slice();
  const elements = new view(bytes.buffer, bytes.byteOffset, bytes.byteLength / size);
  return new OrtTensor(type, elements, [...shape]);
}

/**
 * ONNX Runtime's answer as raw bytes, not copied. Throws MODEL_FAILED for what no answer can
 * carry or whose bytes are not as many as its shape needs.
 */
export function fromOrt(name: string, value: OnnxValue | undefined): Tensor {
  if (!(value instanceof OrtTensor)) throw unusable(name, "is no tensor");
  const datatype = datatypes.get(value.type);
  if (datatype === undefined) throw unusable(name, `is of type ${value.type}`);
  const tensor = { name, datatype, shape: [...value.dims], data: rawBytes(value.data) };
  if (datatype === "BYTES") {
    // The strings a model makes may hold what those it is given may not: only the count must fit.
    if (value.data.length !== elementCount(value.dims)) throw unusable(name, "lacks elements");
  } else {
    checkBytes(tensor);
  }
  return tensor;
}

function rawBytes(data: OrtTensor.DataType): Uint8Array {
  if (Array.isArray(data)) return encodeStrings(data);
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function unusable(name: string, why: string): KvringError {
  return new KvringError("MODEL_FAILED", `output "${name}" ${why}`);
}
