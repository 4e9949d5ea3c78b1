import { checkBytes, KvringError, shapeFits, type Tensor } from "@kvring/core";
import type { ModelArtifact } from "../api.ts";

/**
 * Throws unless a job is one that ONNX Runtime may be given. It silently ignores inputs that the
 * model does not have, takes any shape for a scalar, and cuts strings at NUL: two jobs would get one
 * answer.
 */
export function checkJob(
  { signature }: ModelArtifact,
  inputs: readonly Tensor[],
  outputs: readonly string[],
): void {
  for (const input of inputs) {
    const declared = signature.inputs.find(({ name }) => name === input.name);
    if (declared === undefined) {
      throw new KvringError("INPUT_UNKNOWN", `the model has no input "${input.name}"`);
    }
    if (declared.datatype !== input.datatype) {
      throw new KvringError(
        "DATATYPE_MISMATCH",
        `input "${input.name}" is ${input.datatype}, the model takes ${declared.datatype}`,
      );
    }
    if (!shapeFits(input.shape, declared.shape)) {
      throw new KvringError(
        "SHAPE_MISMATCH",
        `input "${input.name}" has shape [${input.shape}], the model takes [${declared.shape}]`,
      );
    }
    checkBytes(input);
  }
  for (const { name } of signature.inputs) {
    if (inputs.some((input) => input.name === name)) continue;
    throw new KvringError("INPUT_MISSING", `input "${name}" is missing`);
  }
  for (const output of outputs) {
    if (signature.outputs.some(({ name }) => name === output)) continue;
    throw new KvringError("OUTPUT_UNKNOWN", `the model has no output "${output}"`);
  }
}
