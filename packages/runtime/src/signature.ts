import {
  type Datatype,
  KvringError,
  limits,
  type ModelSignature,
  type TensorSpec,
} from "@kvring/core";
import {
  TensorProto_DataType as ElementType,
  type GraphProto,
  type TensorShapeProto,
  type TypeProto,
  type ValueInfoProto,
} from "onnx-buf";
import { invalidModel, parseOnnx } from "./onnx-file.ts";

const datatypes: ReadonlyMap<number, Datatype> = new Map([
  [ElementType.FLOAT, "FP32"],
  [ElementType.UINT8, "UINT8"],
  [ElementType.INT8, "INT8"],
  [ElementType.UINT16, "UINT16"],
  [ElementType.INT16, "INT16"],
  [ElementType.INT32, "INT32"],
  [ElementType.INT64, "INT64"],
  [ElementType.STRING, "BYTES"],
  [ElementType.BOOL, "BOOL"],
  [ElementType.FLOAT16, "FP16"],
  [ElementType.DOUBLE, "FP64"],
  [ElementType.UINT32, "UINT32"],
  [ElementType.UINT64, "UINT64"],
]);

/**
 * What a model file takes and gives, read without executing anything: an int4 output, for one,
 * aborts the process that runs the model, so what ONNX Runtime cannot do must be known before.
 *
 * Throws MODEL_INVALID for what is no model, MODEL_UNSUPPORTED for a type that no request could
 * carry; both sentences name the input or output.
 */
export function readSignature(bytes: Uint8Array): ModelSignature {
  return signatureOf(parseOnnx(bytes).graph);
}

/** As `readSignature`, of a file that is parsed already. */
export function signatureOf(graph: GraphProto): ModelSignature {
  // Before IR version 4 every initializer was listed as an input too; it is a default, no input.
  const initialized = new Set(graph.initializer.map(({ name }) => name));
  for (const { values } of graph.sparseInitializer) initialized.add(values?.name ?? "");
  const inputs = graph.input.filter(({ name }) => !initialized.has(name));
  return {
    inputs: specs("input", inputs),
    outputs: specs("output", graph.output),
  };
}

type Side = "input" | "output";

function specs(side: Side, values: readonly ValueInfoProto[]): TensorSpec[] {
  const seen = new Set<string>();
  return values.map((value) => {
    if (value.name === "") throw invalidModel(`has an ${side} without a name`);
    if (seen.has(value.name)) throw invalidModel(`has two ${side}s named "${value.name}"`);
    seen.add(value.name);
    return spec(side, value);
  });
}

function spec(side: Side, { name, type }: ValueInfoProto): TensorSpec {
  if (Buffer.byteLength(name) > limits.nameBytes) {
    throw unsupported(
      side,
      `${name.slice(0, 40)}…`,
      `a name of more than ${limits.nameBytes} bytes`,
    );
  }
  if (type?.value.case !== "tensorType") throw unsupported(side, name, kindOf(type));
  const { elemType, shape } = type.value.value;
  const datatype = datatypes.get(elemType);
  if (datatype === undefined) throw unsupported(side, name, `type ${elementName(elemType)}`);
  if (shape === undefined) throw unsupported(side, name, "unknown rank");
  if (shape.dim.length > limits.tensorRank) {
    throw unsupported(side, name, `rank ${shape.dim.length}, above ${limits.tensorRank}`);
  }
  return { name, datatype, shape: dimensions(side, name, shape) };
}

function dimensions(side: Side, name: string, shape: TensorShapeProto): number[] {
  return shape.dim.map(({ value }) => {
    if (value.case !== "dimValue" || value.value === -1n) return -1;
    const dimension = Number(value.value);
    if (dimension >= 0 && Number.isSafeInteger(dimension)) return dimension;
    throw unsupported(side, name, `a dimension of ${value.value}`);
  });
}

const kinds = {
  sequenceType: "type sequence",
  mapType: "type map",
  optionalType: "type optional",
  sparseTensorType: "type sparse tensor",
} as const;

function kindOf(type: TypeProto | undefined): string {
  const kind = type?.value.case;
  return kind === undefined || kind === "tensorType" ? "no type" : kinds[kind];
}

function elementName(elemType: number): string {
  return ElementType[elemType]?.toLowerCase() ?? `number ${elemType}`;
}

function unsupported(side: Side, name: string, what: string): KvringError {
  const served = [...datatypes.keys()].map(elementName).join(", ");
  return new KvringError(
    "MODEL_UNSUPPORTED",
    `${side} "${name}" has ${what}; served are tensors of known rank of ${served}`,
  );
}
