import type { Parameter, Tensor } from "@kvring/core";
import { closeFrame, frameHeadBytes } from "../grpc/message-frame.ts";
import type { LargeBuffers } from "../memory/large-buffers.ts";
import { ProtoWriter } from "../protobuf/writer.ts";
import { writeParameterEntry } from "./parameters.ts";

/**
 * A `ModelInferResponse` without `id` and parameters: what an entry keeps. It is sent as it is,
 * with its suffix behind it, since protobuf fields may come in any order.
 */
export function encodeAnswer(answer: {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly outputs: readonly Tensor[];
}): Uint8Array {
  const bytes = answer.outputs.reduce((sum, { name, data }) => sum + data.length + name.length, 0);
  const writer = new ProtoWriter(bytes + 128 + 96 * answer.outputs.length);
  writer.string(1, answer.modelName);
  writer.string(2, answer.modelVersion);
  for (const { name, datatype, shape } of answer.outputs) {
    const output = writer.open(5);
    writer.string(1, name);
    writer.string(2, datatype);
    writer.packedInt(3, shape);
    writer.close(output);
  }
  for (const { data } of answer.outputs) writer.bytes(6, data);
  return writer.finish();
}

/** The fields that differ from request to request, by themselves: `framedAnswer` has them in place. */
export function answerSuffix(id: string, parameters: readonly Parameter[]): Uint8Array {
  const writer = new ProtoWriter(suffixBytes(id, parameters));
  writeSuffix(writer, id, parameters);
  return writer.finish();
}

/**
 * A stored answer with this request's own fields behind it, in a frame to be sent as it is: one piece
 * of memory, one copy.
 */
export function framedAnswer(
  stored: Uint8Array,
  id: string,
  parameters: readonly Parameter[],
  memory: LargeBuffers,
): Buffer {
  const writer = new ProtoWriter(
    frameHeadBytes + stored.length + suffixBytes(id, parameters),
    memory,
  );
  writer.raw(noHead);
  writer.raw(stored);
  writeSuffix(writer, id, parameters);
  return closeFrame(writer.finish());
}

const noHead = new Uint8Array(frameHeadBytes);

/** About. */
function suffixBytes(id: string, parameters: readonly Parameter[]): number {
  return 16 + 2 * id.length + 128 * parameters.length;
}

function writeSuffix(writer: ProtoWriter, id: string, parameters: readonly Parameter[]): void {
  if (id !== "") writer.string(3, id);
  for (const parameter of parameters) writeParameterEntry(writer, 4, parameter);
}
