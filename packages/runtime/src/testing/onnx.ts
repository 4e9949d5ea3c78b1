/** The few tiny models that the tests of this package need, written as ONNX. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  type GraphProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type TypeProtoSchema,
  type ValueInfoProtoSchema,
} from "onnx-buf";

/** Element types by ONNX's own numbers. */
export const types = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  bfloat16: 16,
  float8: 17,
  uint4: 21,
  int4: 22,
} as const;

type Value = MessageInitShape<typeof ValueInfoProtoSchema>;
type Type = MessageInitShape<typeof TypeProtoSchema>;
type Node = MessageInitShape<typeof NodeProtoSchema>;
type TensorInit = MessageInitShape<typeof TensorProtoSchema>;
type Graph = MessageInitShape<typeof GraphProtoSchema>;

/** A dimension is fixed, named, or (undefined) neither; a missing shape is an unknown rank. */
export type Dimension = number | string | undefined;

export function tensorType(elemType: number, shape?: readonly Dimension[]): Type {
  const dim = shape?.map((dimension) => {
    if (dimension === undefined) return {};
    return typeof dimension === "number"
      ? { value: { case: "dimValue" as const, value: BigInt(dimension) } }
      : { value: { case: "dimParam" as const, value: dimension } };
  });
  return {
    value: {
      case: "tensorType",
      value: { elemType, ...(dim === undefined ? {} : { shape: { dim } }) },
    },
  };
}

export function value(name: string, elemType: number, shape?: readonly Dimension[]): Value {
  return { name, type: tensorType(elemType, shape) };
}

export function node(opType: string, input: string[], output: string[], graph?: Graph): Node {
  const attribute =
    graph === undefined ? [] : [{ name: "body", type: AttributeType.GRAPH, g: graph }];
  return { opType, input, output, attribute };
}

function castNode(input: string, output: string, to: number): Node {
  return {
    opType: "Cast",
    input: [input],
    output: [output],
    attribute: [{ name: "to", type: AttributeType.INT, i: BigInt(to) }],
  };
}

export function initializer(name: string, dataType: number, dims: number[], raw: ArrayBufferView) {
  const rawData = Uint8Array.from(new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength));
  return { name, dataType, dims: dims.map(BigInt), rawData } satisfies TensorInit;
}

export function externalFloats(
  name: string,
  dims: number[],
  location: string,
  settings: Readonly<Record<string, string>> = {},
): TensorInit {
  return {
    name,
    dataType: types.float,
    dims: dims.map(BigInt),
    dataLocation: DataLocation.EXTERNAL,
    externalData: Object.entries({ location, ...settings }).map(([key, value]) => ({ key, value })),
  };
}

export function model(graph: Graph): Uint8Array<ArrayBuffer> {
  const proto = create(ModelProtoSchema, {
    irVersion: 10n,
    opsetImport: [{ domain: "", version: 21n }],
    graph: { name: "test", ...graph },
  });
  return toBinary(ModelProtoSchema, proto);
}

/** y = x. */
export function identityModel(elemType: number, shape: readonly Dimension[]) {
  return model({
    input: [value("x", elemType, shape)],
    output: [value("y", elemType, shape)],
    node: [node("Identity", ["x"], ["y"])],
  });
}

/** y = x as int4: ONNX Runtime's binding takes the whole process down over it. */
export function int4Model() {
  return model({
    input: [value("x", types.float, [4])],
    output: [value("y", types.int4, [4])],
    node: [castNode("x", "y", types.int4)],
  });
}

/** y = table[i], where the table has three elements: any other i fails at run time. */
export function gatherModel() {
  return model({
    input: [value("i", types.int64, [])],
    output: [value("y", types.float, [])],
    initializer: [initializer("table", types.float, [3], Float32Array.of(1.5, 2.5, 3.5))],
    node: [node("Gather", ["table", "i"], ["y"])],
  });
}

/** y = table[i] for each row: one that is out of range fails all that run with it. */
export function gatherRowsModel() {
  const table = Float32Array.from({ length: 10 }, (_, index) => index * 1.5);
  return model({
    input: [value("i", types.int64, ["n"])],
    output: [value("y", types.float, ["n"])],
    initializer: [initializer("table", types.float, [10], table)],
    node: [node("Gather", ["table", "i"], ["y"])],
  });
}

/** y = −2³¹ / (x + 20) for each row: x = −21 takes the process down. */
export function divideRowsModel() {
  return model({
    input: [value("x", types.int32, ["n"])],
    output: [value("y", types.int32, ["n"])],
    initializer: [
      initializer("twenty", types.int32, [], Int32Array.of(20)),
      initializer("least", types.int32, [], Int32Array.of(-(2 ** 31))),
    ],
    node: [node("Add", ["x", "twenty"], ["d"]), node("Div", ["least", "d"], ["y"])],
  });
}

/** y = x − the largest of all rows: no row is for itself. */
export function rowsTogetherModel() {
  return model({
    input: [value("x", types.float, ["n", 4])],
    output: [value("y", types.float, ["n", 4])],
    node: [node("ReduceMax", ["x"], ["most"]), node("Sub", ["x", "most"], ["y"])],
  });
}

/** y = x + 1, once for each of `times`. */
export function loopModel() {
  const body: Graph = {
    name: "body",
    input: [
      value("i", types.int64, []),
      value("more", types.bool, []),
      value("before", types.double, []),
    ],
    output: [value("still", types.bool, []), value("after", types.double, [])],
    initializer: [initializer("one", types.double, [], Float64Array.of(1))],
    node: [node("Identity", ["more"], ["still"]), node("Add", ["before", "one"], ["after"])],
  };
  return model({
    input: [value("times", types.int64, []), value("x", types.double, [])],
    output: [value("y", types.double, [])],
    node: [node("Loop", ["times", "", "x"], ["y"], body)],
  });
}

/** y = x + w, where w lies in a file of its own. */
export function externalModel(location: string) {
  return model({
    input: [value("x", types.float, [2])],
    output: [value("y", types.float, [2])],
    initializer: [externalFloats("w", [2], location)],
    node: [node("Add", ["x", "w"], ["y"])],
  });
}

/** Constant folding multiplies matrices for half a minute while the model is loaded. */
export function foldingModel() {
  const size = 3072;
  const times = Array.from({ length: 40 }, (_, i) => {
    return node("MatMul", [`m${i}`, `m${i}`], [`m${i + 1}`]);
  });
  return model({
    input: [value("x", types.float, [1])],
    output: [value("y", types.float, [size, size])],
    initializer: [
      initializer("size", types.int64, [2], BigInt64Array.of(BigInt(size), BigInt(size))),
    ],
    node: [
      node("ConstantOfShape", ["size"], ["m0"]),
      ...times,
      node("Add", [`m${times.length}`, "x"], ["y"]),
    ],
  });
}
