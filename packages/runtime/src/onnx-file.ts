import { fromBinary } from "@bufbuild/protobuf";
import { KvringError } from "@kvring/core";
import { type GraphProto, type ModelProto, ModelProtoSchema } from "onnx-buf";

/** Protobuf's own limit; what is larger keeps its weights in external data. */
export const modelFileBytes = 2 ** 31 - 1;

export interface OnnxFile {
  readonly model: ModelProto;
  readonly graph: GraphProto;
}

/** A parsed model file. Throws MODEL_INVALID; what only loading it would show is not checked. */
export function parseOnnx(bytes: Uint8Array): OnnxFile {
  const model = decode(bytes);
  const { graph } = model;
  // Protobuf reads many files that are none, the empty one first of all, as a model of nothing.
  if (graph === undefined || model.opsetImport.length === 0 || graph.output.length === 0) {
    throw invalidModel("has no graph with outputs: it is not an ONNX file, or it is cut off");
  }
  return { model, graph };
}

function decode(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    const why = KvringError.from(cause).message;
    throw invalidModel(`is not an ONNX file, or it is damaged: ${why}`, cause);
  }
}

/** MODEL_INVALID over a model file that `what`. */
export function invalidModel(what: string, cause?: unknown): KvringError {
  return new KvringError("MODEL_INVALID", `the model file ${what}`, { cause });
}
