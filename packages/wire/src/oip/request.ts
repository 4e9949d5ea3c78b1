import type { Parameter, Tensor } from "@kvring/core";
import { ProtoWriter } from "../protobuf/writer.ts";
import { writeParameterEntry } from "./parameters.ts";

/** What a client asks for, with raw tensors. */
export interface InferRequest {
  readonly model: string;
  /** Undefined: the server's choice. */
  readonly version?: string;
  readonly id?: string;
  readonly parameters?: readonly Parameter[];
  readonly inputs: readonly Tensor[];
  /** Undefined or empty: all. */
  readonly outputs?: readonly string[];
}

/** A `ModelInferRequest` with raw tensors. */
export function encodeRequest(request: InferRequest): Uint8Array {
  const bytes = request.inputs.reduce((sum, { data }) => sum + data.length + 96, 0);
  const writer = new ProtoWriter(bytes + 256);
  writer.string(1, request.model);
  if (request.version !== undefined) writer.string(2, request.version);
  if (request.id !== undefined) writer.string(3, request.id);
  for (const parameter of request.parameters ?? []) writeParameterEntry(writer, 4, parameter);
  for (const { name, datatype, shape } of request.inputs) {
    const input = writer.open(5);
    writer.string(1, name);
    writer.string(2, datatype);
    writer.packedInt(3, shape);
    writer.close(input);
  }
  for (const name of request.outputs ?? []) {
    const output = writer.open(6);
    writer.string(1, name);
    writer.close(output);
  }
  for (const { data } of request.inputs) writer.bytes(7, data);
  return writer.finish();
}
