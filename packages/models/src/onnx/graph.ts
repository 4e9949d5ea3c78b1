/** The pieces of an ONNX graph, in fewer words than its protobuf needs. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  type AttributeProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataType,
  type TensorProtoSchema,
  type TypeProtoSchema,
  type ValueInfoProtoSchema,
} from "onnx-buf";

export { TensorProto_DataType as ElementType } from "onnx-buf";

export type Attribute = MessageInitShape<typeof AttributeProtoSchema>;
export type Initializer = MessageInitShape<typeof TensorProtoSchema>;
export type Node = MessageInitShape<typeof NodeProtoSchema>;
export type Value = MessageInitShape<typeof ValueInfoProtoSchema>;
type Type = MessageInitShape<typeof TypeProtoSchema>;

/** Fixed, or free under a name: free dimensions of one name are equal in one run. */
export type Dimension = number | string;

/** A tensor that the graph takes or gives. */
export function tensorValue(
  name: string,
  elemType: TensorProto_DataType,
  shape: readonly Dimension[],
  docString = "",
): Value {
  return { name, type: tensorType(elemType, shape), docString };
}

/** A sequence of tensors that the graph takes or gives. */
export function sequenceValue(
  name: string,
  elemType: TensorProto_DataType,
  shape: readonly Dimension[],
): Value {
  const value = { elemType: tensorType(elemType, shape) };
  return { name, type: { value: { case: "sequenceType", value } } };
}

function tensorType(elemType: TensorProto_DataType, shape: readonly Dimension[]): Type {
  const dim = shape.map((dimension) => ({
    value:
      typeof dimension === "number"
        ? { case: "dimValue" as const, value: BigInt(dimension) }
        : { case: "dimParam" as const, value: dimension },
  }));
  return { value: { case: "tensorType", value: { elemType, shape: { dim } } } };
}

export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  ...attribute: readonly Attribute[]
): Node {
  // Names are for error messages: ONNX Runtime says which node failed.
  return {
    opType,
    name: `${opType}:${output[0]}`,
    input: [...input],
    output: [...output],
    attribute: [...attribute],
  };
}

export function intAttribute(name: string, value: number): Attribute {
  return { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) };
}

export function intsAttribute(name: string, values: readonly number[]): Attribute {
  return { name, type: AttributeProto_AttributeType.INTS, ints: values.map(BigInt) };
}

/** A constant of the graph. Bytes are little-endian, as the machines we run on are. */
export function initializer(
  name: string,
  shape: readonly number[],
  values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>,
): Initializer {
  return {
    name,
    dims: shape.map(BigInt),
    dataType: elementTypeOf(values),
    rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}

function elementTypeOf(values: Float32Array | Int32Array | BigInt64Array): TensorProto_DataType {
  if (values instanceof Float32Array) return TensorProto_DataType.FLOAT;
  if (values instanceof Int32Array) return TensorProto_DataType.INT32;
  return TensorProto_DataType.INT64;
}
