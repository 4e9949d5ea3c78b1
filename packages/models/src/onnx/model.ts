import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, TensorProto_DataType } from "onnx-buf";
import type { Initializer, Node, Value } from "./graph.ts";

export interface ModelDescription {
  readonly name: string;
  readonly docs?: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly initializers?: readonly Initializer[];
  /** What most readers understand unless a datatype needs more: opset 17 with IR 8. */
  readonly dialect?: Dialect;
}

interface Dialect {
  readonly opset: bigint;
  readonly ir: bigint;
}

const widespread: Dialect = { opset: 17n, ir: 8n };
/** The first that knows 4-bit integers. */
export const withSmallTypes: Dialect = { opset: 21n, ir: 10n };

/** The bytes of an ONNX file; equal descriptions give equal bytes. */
export function encodeModel(description: ModelDescription): Uint8Array {
  const { opset, ir } = description.dialect ?? widespread;
  const model = create(ModelProtoSchema, {
    irVersion: ir,
    opsetImport: [{ domain: "", version: opset }],
    producerName: "kvring",
    docString: description.docs ?? "",
    graph: {
      name: description.name,
      node: [...description.nodes],
      input: [...description.inputs],
      output: [...description.outputs],
      initializer: [...(description.initializers ?? [])],
    },
  });
  return toBinary(ModelProtoSchema, model);
}

/** A model that `encodeModel` wrote, with more in its graph: what was there stays as it is. */
export function extendModel(
  model: Uint8Array,
  more: Pick<ModelDescription, "outputs" | "nodes" | "initializers">,
): Uint8Array {
  const decoded = fromBinary(ModelProtoSchema, model);
  const added = create(ModelProtoSchema, {
    graph: {
      node: [...more.nodes],
      output: [...more.outputs],
      initializer: [...(more.initializers ?? [])],
    },
  });
  decoded.graph?.node.push(...(added.graph?.node ?? []));
  decoded.graph?.output.push(...(added.graph?.output ?? []));
  decoded.graph?.initializer.push(...(added.graph?.initializer ?? []));
  return toBinary(ModelProtoSchema, decoded);
}

/** The FP32 constants of a model that `encodeModel` wrote, by name. */
export function decodeFloats(model: Uint8Array): Map<string, Float32Array> {
  const { graph } = fromBinary(ModelProtoSchema, model);
  const floats = (graph?.initializer ?? []).filter(
    ({ dataType }) => dataType === TensorProto_DataType.FLOAT,
  );
  // Copied, since a view of the file need not begin at a multiple of four bytes.
  const copy = (bytes: Uint8Array) => new Float32Array(new Uint8Array(bytes).buffer);
  return new Map(floats.map(({ name, rawData }) => [name, copy(rawData)]));
}
