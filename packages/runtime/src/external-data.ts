import {
  type AttributeProto,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as ElementType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type SparseTensorProto,
  type TensorProto,
} from "onnx-buf";
import { invalidModel } from "./onnx-file.ts";

const maxExternalFiles = 10_000;

/**
 * The files beside a model that hold its external data, by location, with the bytes each must have
 * at least. ONNX Runtime gets them from memory and would read past the end of one that is shorter.
 *
 * Throws MODEL_INVALID for a location that is not a plain path below the model's directory.
 */
export function externalFiles(model: ModelProto): ReadonlyMap<string, number> {
  const files = new Map<string, number>();
  for (const tensor of tensorsOf(model)) {
    if (tensor.dataLocation !== DataLocation.EXTERNAL) continue;
    const { location, endBytes } = reference(tensor);
    files.set(location, Math.max(endBytes, files.get(location) ?? 0));
    if (files.size > maxExternalFiles) {
      throw invalidModel(`has more than ${maxExternalFiles} files of external data`);
    }
  }
  return files;
}

function reference(tensor: TensorProto) {
  const settings = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = settings.get("location") ?? "";
  checkLocation(location, tensor.name);
  const offset = count(settings.get("offset"), tensor.name);
  const length = count(settings.get("length"), tensor.name);
  return { location, endBytes: offset + Math.max(length, tensorBytes(tensor)) };
}

function checkLocation(location: string, tensor: string): void {
  const segments = location.split("/");
  const plain = segments.every((segment) => segment !== ".." && segment !== "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (plain && !/[\\\u0000-\u001f]/.test(location)) return;
  throw invalidModel(
    `keeps the data of tensor "${tensor}" at ${JSON.stringify(location)}, which is not a path below the model's own directory`,
  );
}

function count(text: string | undefined, tensor: string): number {
  const value = Number(text ?? 0);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidModel(
    `gives the external data of tensor "${tensor}" an offset or length of "${text}"`,
  );
}

const bitsPerElement: ReadonlyMap<number, number> = new Map([
  [ElementType.FLOAT, 32],
  [ElementType.UINT8, 8],
  [ElementType.INT8, 8],
  [ElementType.UINT16, 16],
  [ElementType.INT16, 16],
  [ElementType.INT32, 32],
  [ElementType.INT64, 64],
  [ElementType.BOOL, 8],
  [ElementType.FLOAT16, 16],
  [ElementType.DOUBLE, 64],
  [ElementType.UINT32, 32],
  [ElementType.UINT64, 64],
  [ElementType.COMPLEX64, 64],
  [ElementType.COMPLEX128, 128],
  [ElementType.BFLOAT16, 16],
  [ElementType.FLOAT8E4M3FN, 8],
  [ElementType.FLOAT8E4M3FNUZ, 8],
  [ElementType.FLOAT8E5M2, 8],
  [ElementType.FLOAT8E5M2FNUZ, 8],
  [ElementType.FLOAT8E8M0, 8],
  [ElementType.UINT4, 4],
  [ElementType.INT4, 4],
  [ElementType.FLOAT4E2M1, 4],
  [ElementType.UINT2, 2],
  [ElementType.INT2, 2],
]);

function tensorBytes(tensor: TensorProto): number {
  const bits = bitsPerElement.get(tensor.dataType);
  if (bits === undefined) {
    throw invalidModel(
      `keeps tensor "${tensor.name}" of type ${tensor.dataType} as external data, which that type cannot be`,
    );
  }
  const elements = tensor.dims.reduce((product, dimension) => product * Number(dimension), 1);
  return Math.ceil((elements * bits) / 8);
}

/** The parser allows no more than a hundred levels, so this cannot go deeper either. */
function* tensorsOf(model: ModelProto): Generator<TensorProto> {
  if (model.graph !== undefined) yield* tensorsOfGraph(model.graph);
  for (const { node } of model.functions) yield* tensorsOfNodes(node);
  for (const { initialization, algorithm } of model.trainingInfo) {
    if (initialization !== undefined) yield* tensorsOfGraph(initialization);
    if (algorithm !== undefined) yield* tensorsOfGraph(algorithm);
  }
}

function* tensorsOfGraph(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  yield* tensorsOfSparse(graph.sparseInitializer);
  yield* tensorsOfNodes(graph.node);
}

function* tensorsOfNodes(nodes: readonly NodeProto[]): Generator<TensorProto> {
  for (const { attribute } of nodes) {
    for (const one of attribute) yield* tensorsOfAttribute(one);
  }
}

function* tensorsOfAttribute(attribute: AttributeProto): Generator<TensorProto> {
  if (attribute.t !== undefined) yield attribute.t;
  yield* attribute.tensors;
  if (attribute.sparseTensor !== undefined) yield* tensorsOfSparse([attribute.sparseTensor]);
  yield* tensorsOfSparse(attribute.sparseTensors);
  if (attribute.g !== undefined) yield* tensorsOfGraph(attribute.g);
  for (const graph of attribute.graphs) yield* tensorsOfGraph(graph);
}

function* tensorsOfSparse(tensors: readonly SparseTensorProto[]): Generator<TensorProto> {
  for (const { values, indices } of tensors) {
    if (values !== undefined) yield values;
    if (indices !== undefined) yield indices;
  }
}
